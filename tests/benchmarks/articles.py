"""Articles of a known number of sentences, no two sentences alike, so that nothing is answered from a cache
or together with its neighbour."""

from __future__ import annotations

import random
import re
from functools import cache
from importlib import resources
from pathlib import Path

ARTICLES = Path(__file__).parents[1] / "articles"
SEGMENTS = 25

_ENGLISH_WORDS = 14
"""A sentence: an article is then about as long as a summarizer reads at once."""

_SENTENCE = re.compile(
    r"(?:(?<=[a-zäöüß][.!?] )|(?<=\n))[A-ZÄÖÜ][^\n.!?:;„“»«()\"]{40,140}[a-zäöüß]{4}(?=[.]\s)"
)
_SPEAKERS = """Ahrens Becker Conrad Dietz Ebert Fiedler Graf Hahn Jansen Keller Lenz Maurer Neumann Otto
Peters Quandt Richter Sommer Thiel Ulrich Vogel Wagner Ziegler""".split()
_DAYS = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split()
_PLACES = "Augsburg Bremen Celle Dresden Essen Fulda Gera Halle Jena Kassel Lemgo Mainz".split()


@cache
def sentences() -> list[str]:
    """Plain ones of our articles, without their full stops."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]
    return sorted({found for text in texts for found in _SENTENCE.findall(text)})


def article(seed: int, segments: int = SEGMENTS, *, names: int | None = None) -> str:
    """The same for the same seed; with other `names` alike in length, but no sentence the same."""
    return " ".join(article_sentences(seed, segments, names=names))


def english_sentences(seed: int, segments: int = SEGMENTS) -> list[str]:
    """Ordinary words, not in an order that means anything; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 -- a repeatable choice, no secret
    drawn = (" ".join(chance.choices(_english_words(), k=_ENGLISH_WORDS)) for _ in range(segments))
    return [f"{words.capitalize()}." for words in drawn]


@cache
def _english_words() -> list[str]:
    return resources.files("service.text").joinpath("english_words.txt").read_text("ascii").split()


def article_sentences(seed: int, segments: int = SEGMENTS, *, names: int | None = None) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 -- a repeatable choice, no secret
    naming = chance if names is None else random.Random(names)  # noqa: S311 -- as above
    plain = sentences()
    made: dict[str, None] = {}
    while len(made) < segments:
        speaker, day, place = naming.choice(_SPEAKERS), naming.choice(_DAYS), naming.choice(_PLACES)
        made[f"{chance.choice(plain)}, sagte Frau {speaker} am {day} in {place}."] = None
    return list(made)
