import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from service.documents.formats import read_document
from service.errors import DocumentInvalid
from tests.integration.documents.conftest import Translate

FILE = """---
title: Der Titel bleibt
---

# Die *alte* Brücke #

Der Stadtrat will die **alte Brücke** am
Fluss; [mehr dazu](https://talbote.example "Ein Titel") sagt `a.py`.

Zweite Überschrift
------------------

- Erstens die Stadt.
- [x] Zweitens der Bund,
  der auch zahlt.
    1. Darunter das Land.

> Das sagte der Bürgermeister
> am Montag ![ein Bild](b.png) im Rathaus.

| Stadt | Kosten |
|-------|:------:|
| Köln  | ein \\| zwei Euro |
| `a`   | **viel** |

```python
print("Das bleibt stehen.")
```

    eingerückter Code

<div class="box">
<p>Ein Kasten in HTML.</p>
</div>

Eine Zeile\\
mit Umbruch und <https://talbote.example/b> und <b>fett</b>.[^1]

***

[^1]: Eine Fußnote.

[ref]: https://talbote.example/ref "Bleibt"
"""

WANTED = """---
title: Der Titel bleibt
---

# DIE *ALTE* BRÜCKE #

DER STADTRAT WILL DIE **ALTE BRÜCKE** AM FLUSS; [MEHR DAZU](https://talbote.example "Ein Titel") SAGT `a.py`.

ZWEITE ÜBERSCHRIFT
------------------

- ERSTENS DIE STADT.
- [x] ZWEITENS DER BUND, DER AUCH ZAHLT.
    1. DARUNTER DAS LAND.

> DAS SAGTE DER BÜRGERMEISTER AM MONTAG ![EIN BILD](b.png) IM RATHAUS.

| STADT | KOSTEN |
|-------|:------:|
| KÖLN  | EIN \\| ZWEI EURO |
| `a`   | **VIEL** |

```python
print("Das bleibt stehen.")
```

    eingerückter Code

<div class="box">
<p>EIN KASTEN IN HTML.</p>
</div>

EINE ZEILE\\
MIT UMBRUCH UND <https://talbote.example/b> UND <b>FETT</b>.[^1]

***

[^1]: EINE FUSSNOTE.

[ref]: https://talbote.example/ref "Bleibt"
"""


def test_only_the_words_change(translate: Translate) -> None:
    assert translate(FILE, "a.md").content.decode() == WANTED


def test_windows_line_ends_and_encoding_stay(translate: Translate) -> None:
    made = translate("# Über\r\n\r\nEin Satz.\r\n".encode("cp1252"), "a.md")
    assert made.content == "# ÜBER\r\n\r\nEIN SATZ.\r\n".encode("cp1252")


def test_what_was_a_sign_does_not_become_markup(translate: Translate) -> None:
    text = "Fünf \\* drei \\_ist\\_ \\[kein\\] Link &lt;b> &amp;copy; und a_b_c.\n\n"
    text += "1986\\. war ein Jahr.\n\n\\# Kein Titel\n"
    made = translate(text, "a.md").content.decode()
    assert made != text
    assert html(made).lower() == html(text).lower()


def html(markdown: str) -> str:
    return str(parser().render(markdown))


def parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def structure(markdown: str) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    """Blocks in order, and what stands in each besides words; within a sentence that may change places."""
    found = []
    for token in parser().parse(markdown):
        inside = [
            (child.type, child.tag, child.content if child.type in {"code_inline", "html_inline"} else "")
            for child in token.children or []
            if child.type not in {"text", "softbreak"}
        ]
        found.append((token.type, token.tag, token.info, sorted(inside)))
    return found


INLINE = st.lists(
    st.sampled_from(
        ["Wort", "zwei Wörter", "*", "**", "_", "`", " `code` ", "[", "](a)", "![", "\\", "<b>", "</b>",
         "&amp;", "&copy;", "|", "~~", "#", "1.", "- ", "> ", " ", "\n", "  \n", "\\\n", "<", "]", "(",
         "[^1]", "+", "="]
    ),
    max_size=12,
).map("".join)  # fmt: skip
BLOCK = st.tuples(
    st.sampled_from(
        ["", "# ", "> ", "- ", "1. ", "    ", "```\n", "<div>\n", "| a | b |\n|---|---|\n| ", "\t"]
    ),
    INLINE,
).map("".join)


@example("` `code` ")
@example("Wort` `code` `")
@given(st.lists(BLOCK, max_size=5).map("\n\n".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_structure_is_the_same_whatever_is_written(translate: Translate, text: str) -> None:
    made = translate(text, "a.md").content.decode()
    assert structure(made) == structure(text)


@pytest.mark.parametrize("text", ["a|b\n|-|-|\n" * 15_000, "a\n" * 50_001])
def test_a_file_of_nothing_but_lines_is_refused(text: str) -> None:
    with pytest.raises(DocumentInvalid, match="50,000 lines"):
        read_document(text.encode(), "a.md")
