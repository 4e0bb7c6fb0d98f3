"""The words of one heading, paragraph or cell of Markdown, with their emphasis, links and code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from service.documents.inline import Inline

_Signs = tuple[str, str]
"""What stands before and behind; of a point all of it stands before."""

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)")
_VERBATIM = frozenset("code kbd samp var tt pre script style".split())
_NOTE = re.compile(r"(\[\^[^\]\s]{1,40}\])")
_ENTITY = re.compile(r"&(?=#?\w{1,40};)")
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_LINE_START = re.compile(r"(?P<sign>[-+*>#=~]|\d{1,9}(?=[.)]))")


class Sentence:
    """`lead` is text at its beginning that stays as it is."""

    def __init__(self, token: Token, lead: str, *, in_table: bool) -> None:
        self._lead, self._in_table = lead, in_table
        self._inline = Inline[_Signs]()
        self._break = "\\\n" if "\\\n" in token.content else "  \n"
        self._take(token.children or [], left=len(lead))
        self.markup = self._inline.markup

    def write(self, translation: str) -> str:
        parts = [self._lead]
        for kind, text, payload in self._inline.pieces(translation):
            before, behind = payload or ("", "")
            if kind == "text":
                start = not any(part.strip() for part in parts) or parts[-1].endswith("\n")
                parts.append(
                    self._escaped(text.lstrip() if start else text, "".join(parts[-2:]), start=start)
                )
            else:
                signs = behind if kind == "close" else before
                if signs.startswith("`") and parts[-1].endswith("`"):
                    parts.append(" ")  # or the two would be read as one
                parts.append(signs)
        return "".join(parts)

    def _take(self, tokens: Sequence[Token], left: int) -> None:
        """`left` are characters of the lead, which are not taken."""
        closing = _pairs(tokens)
        opened: dict[int, None] = {}
        inline = self._inline
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "text":
                self._text(token.content[left:])
                left = max(0, left - len(token.content))
            elif token.type == "softbreak":
                inline.text(" ")
            elif token.type == "hardbreak":
                inline.point((self._break, ""), "br")
            elif token.type == "code_inline":
                fence = token.markup
                inner = token.content
                # A space on either side is dropped by who reads it, unless there is nothing else.
                edged = inner.strip() and (inner[0] in "` " or inner[-1] in "` ")
                padded = f" {inner} " if edged else inner
                written = padded.replace("|", "\\|") if self._in_table else padded
                inline.code(inner, (fence + written + fence, ""))
            elif token.type == "image":
                self._image(token)
            elif token.type == "link_open" and token.markup == "autolink":
                inline.code(tokens[index + 1].content, (f"<{tokens[index + 1].content}>", ""))
                index += 2
            elif token.type == "link_open":
                inline.open(("[", _target(token, "href")))
            elif token.type == "html_inline":
                self._html(token.content, index, closing, opened)
            elif token.nesting == 1:
                inline.open((token.markup, token.markup))
            elif token.nesting == -1:
                inline.close()
            index += 1

    def _text(self, text: str) -> None:
        for number, part in enumerate(_NOTE.split(text)):
            if number % 2:
                self._inline.point((part, ""))
            elif part:
                self._inline.text(part)

    def _image(self, token: Token) -> None:
        target = _target(token, "src")
        if not token.content.strip():
            self._inline.point(("![" + target, ""))
            return
        self._inline.open(("![", target))
        self._inline.text(token.content.replace("\n", " "))
        self._inline.close()

    def _html(self, tag: str, index: int, closing: dict[int, int], opened: dict[int, None]) -> None:
        name = _TAG.match(tag)
        if index in closing and name is not None:
            opened[closing[index]] = None
            kept = name["name"].lower() in _VERBATIM or 'translate="no"' in tag
            self._inline.open((tag, f"</{name['name']}>"), translated=not kept)
        elif index in opened:
            self._inline.close()
        else:
            self._inline.point((tag, ""), "br" if name and name["name"].lower() == "br" else "x")

    def _escaped(self, text: str, before: str, *, start: bool) -> str:
        """Written so that it is read as text again."""
        text = text.replace("\n", " ")
        written = re.sub(r"[\\`*\[\]]", lambda found: "\\" + found[0], text)
        written = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", written)
        written = _HTML.sub(r"\\<", _ENTITY.sub(r"\\&", written)).replace("~~", "\\~\\~")
        if written.startswith("~") and before.endswith("~"):
            written = "\\" + written
        if self._in_table:
            written = written.replace("|", "\\|")
        if start and (found := _LINE_START.match(written)):
            sign = found["sign"]
            at = found.end() if sign.isdigit() else 0
            written = written[:at] + "\\" + written[at:]
        return written


def _target(token: Token, attribute: str) -> str:
    address, title = str(token.attrs.get(attribute, "")), token.attrs.get("title")
    if re.search(r"[\s()<>]", address) or (not address and title):
        address = "<" + re.sub(r"[<>]", lambda found: "\\" + found[0], address) + ">"
    if title is None:
        return f"]({address})"
    quoted = re.sub(r'(["\\])', r"\\\1", str(title))
    return "](" + address + f' "{quoted}")'


def _pairs(tokens: Sequence[Token]) -> dict[int, int]:
    """Index of an HTML start tag -> that of its end tag, where the two enclose whole elements."""
    pairs: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    for index, token in enumerate(tokens):
        if token.type == "html_inline" and (tag := _TAG.match(token.content)):
            name = tag["name"].lower()
            if not tag["end"]:
                opened.append((name, index))
            elif opened and opened[-1][0] == name:
                pairs[opened.pop()[1]] = index
        elif token.nesting == 1:
            opened.append(("", index))
        elif token.nesting == -1:
            while opened and opened.pop()[0] != "":
                pass
    return pairs
