"""How well sentences are found: boundaries against a treebank, `python -m tests.benchmarks.sentences CODE
FILE.conllu`. Its sentences are run together, ten to a paragraph, with single spaces between; those without
a final stop are left out, because nothing but the line end closes them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from service.text.sentences import split_sentences

TOGETHER = 10

_TEXT = re.compile(r"^# text = (.*)$", re.MULTILINE)
_ENDED = re.compile(r"[.!?…][\"'“”»«’)\]]*$")


def sentences_of(treebank: str) -> list[str]:
    """Two apostrophes or grave accents are how some treebanks write a quotation mark."""
    found = (" ".join(text.replace("''", '"').replace("``", '"').split()) for text in _TEXT.findall(treebank))
    return [text for text in found if _ENDED.search(text)]


def score(sentences: list[str], language: str, *, show: bool = False) -> tuple[float, float, float]:
    """Precision, recall and F1 of the boundaries inside the paragraphs."""
    right = found = wanted = 0
    for start in range(0, len(sentences), TOGETHER):
        group = sentences[start : start + TOGETHER]
        text = " ".join(group)
        gold = {sum(map(len, group[:count])) + count - 1 for count in range(1, len(group))}
        made = {end for _, end in split_sentences(text, language)[:-1]}
        right, found, wanted = right + len(gold & made), found + len(made), wanted + len(gold)
        if show:
            for place in sorted(gold ^ made):
                kind = "missed" if place in gold else "false"
                print(f"{kind}: {text[max(0, place - 40) : place]} | {text[place : place + 30]}")
    precision, recall = right / found, right / wanted
    return precision, recall, 2 * precision * recall / (precision + recall)


def main() -> None:
    language, path = sys.argv[1], Path(sys.argv[2])
    sentences = sentences_of(path.read_text(encoding="utf-8"))
    precision, recall, f1 = score(sentences, language, show="--show" in sys.argv)
    figures = f"precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}"
    print(f"{path.name}: {len(sentences)} sentences, {figures}")


if __name__ == "__main__":
    main()
