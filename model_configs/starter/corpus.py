"""Sentence pairs: which sources are used, how lines are cleaned, and the order in which training sees them.

Only the standard library is imported at module level, so that the rules can be tested without any model
software. A corpus directory holds one `<source>.tsv.gz` per source, each line `german<TAB>english` in UTF-8.
"""

from __future__ import annotations

import gzip
import itertools
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

Normalizer = Callable[[str], str]


class Pair(NamedTuple):
    """One sentence pair."""

    german: str
    english: str


@dataclass(frozen=True)
class Source:
    """How one source is used.

    `warm_up`, `middle` and `full` are relative sampling rates in the three phases of the curriculum: 1.0
    means that a pair of this source is drawn as often as a pair of any other source with 1.0, 0.0 means not
    at all."""

    name: str
    warm_up: float
    middle: float
    full: float


# News counts most because articles are what the service translates. The manuals, leaflets and suttas are
# large, repetitive and far from news; they stay in at a low rate because they add words and word order that
# the news sets, which hold the same test sets several times over, do not have.
SOURCES: tuple[Source, ...] = (
    Source("wmt-news-refs", 1.0, 1.0, 1.3),
    Source("syn-bergamot-deen", 1.0, 1.0, 1.0),
    Source("syn-bergamot-ende", 0.5, 1.0, 1.0),
    Source("tatoeba", 1.0, 0.7, 0.35),
    Source("europarl-pieces", 0.0, 1.0, 1.2),
    Source("ud-pud", 1.0, 1.5, 2.0),
    Source("xquad-q", 1.0, 1.0, 1.0),
    Source("xquad-ctx", 1.0, 1.5, 2.0),
    Source("wiki-mlqe-postedits", 1.0, 1.0, 1.3),
    Source("syn-wiki-mlqe-mt", 0.0, 0.7, 0.7),
    Source("amazon-geneval-cocoa", 0.5, 1.0, 1.0),
    Source("mucow", 0.0, 0.7, 1.0),
    Source("chat-wmt", 0.7, 0.7, 0.4),
    Source("woz-dialogues", 0.3, 0.3, 0.1),
    Source("xgqa", 0.3, 0.3, 0.1),
    Source("fiction-bilinguator", 0.0, 0.3, 0.5),
    Source("fiction-gutenberg", 0.0, 0.0, 0.2),
    Source("doc-opensource-guide", 0.3, 0.7, 1.0),
    Source("doc-cs-unplugged", 0.3, 0.7, 1.0),
    Source("doc-letsencrypt", 0.0, 0.5, 0.7),
    Source("doc-ruby-lang", 0.0, 0.5, 0.7),
    Source("doc-djangogirls", 0.0, 0.5, 0.7),
    Source("doc-12factor", 0.0, 0.5, 0.7),
    Source("doc-rustbook", 0.0, 0.3, 0.4),
    Source("po-gnome-docs", 0.0, 0.3, 0.4),
    Source("qe18-pharma-deen", 0.2, 0.2, 0.2),
    Source("qe18-it-ende", 0.2, 0.2, 0.15),
    Source("suttas", 0.2, 0.25, 0.2),
    Source("doc-php", 0.0, 0.1, 0.1),
    Source("doc-zf1", 0.0, 0.05, 0.05),
    # Made here out of the sources above, see `copied_target` and `figure_pairs`.
    Source("copies", 0.3, 0.3, 0.3),
    Source("figures", 0.3, 0.3, 0.3),
)

MAX_WORDS = 90
MAX_CHARACTERS = 600
# German runs a little longer than English in characters; pairs outside this band are mostly misaligned.
MAX_CHARACTER_RATIO = 2.2
SHORT_CHARACTERS = 25

_LETTER = re.compile(r"[A-Za-zÄÖÜäöüß]")
_SPACES = re.compile(r"\s+")
_MARKUP = re.compile(r"</?[a-z][^>]*>|&[a-z]+;|\{\{|\}\}|\]\(|https?://|@@", re.IGNORECASE)
# Traces of UTF-8 read as Latin-1, and characters that only a broken decoder writes.
_BROKEN = re.compile("\ufffd|Ã[\u0080-\u00bf]|â\u0080|Â[\u0080-\u00bf]|[\u0000-\u0008\u000e-\u001f]")
_ALPHABET_BEYOND_LATIN = re.compile("[\u0400-\u1fff\u3000-\uffee]")
_NAME_OR_FIGURE = re.compile(r"^(?:[A-ZÄÖÜ][\w.'-]+|\d[\d.,:/-]*\d|\d)$")
_EDGES = "\"'“”„‚‘’«»()[],;:!?.…"


def squeeze(text: str) -> str:
    """Return `text` in NFC with every run of white space, the no-break space included, as one blank."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def is_usable(german: str, english: str) -> bool:
    """Say whether a squeezed pair is worth training on: intact text, sane lengths, two different sides."""
    if not _LETTER.search(german) or not _LETTER.search(english):
        return False
    if any(len(side) > MAX_CHARACTERS or side.count(" ") >= MAX_WORDS for side in (german, english)):
        return False
    if any(
        pattern.search(side) for side in (german, english) for pattern in (_BROKEN, _ALPHABET_BEYOND_LATIN)
    ):
        return False
    if _MARKUP.search(german) or _MARKUP.search(english):
        return False
    shorter, longer = sorted((len(german), len(english)))
    if longer > SHORT_CHARACTERS and longer > MAX_CHARACTER_RATIO * shorter:
        return False
    # An untranslated sentence teaches the model to leave German standing. One or two words may well be a
    # name.
    return not (german == english and german.count(" ") >= 2)


def fingerprint(text: str) -> str:
    """Return the letters and digits of `text` in lower case, the form in which overlap with other sets is
    found."""
    return "".join(character for character in text.lower() if character.isalnum())


def clean(pairs: Iterable[Pair], held_out: frozenset[str]) -> Iterator[Pair]:
    """Yield usable pairs, each once, leaving out those with a side whose fingerprint is in `held_out`."""
    seen: set[Pair] = set()
    for german, english in pairs:
        pair = Pair(squeeze(german), squeeze(english))
        if pair in seen or not is_usable(*pair):
            continue
        seen.add(pair)
        if fingerprint(pair.german) in held_out or fingerprint(pair.english) in held_out:
            continue
        yield pair


def read_source(path: Path) -> Iterator[Pair]:
    """Yield the pairs of one gzip file, skipping lines that do not have exactly two columns."""
    with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            columns = line.rstrip("\r\n").split("\t")
            if len(columns) == 2:
                yield Pair(*columns)


def shared_names(pair: Pair) -> list[str]:
    """Return the runs of names and figures that stand unchanged on both sides of `pair`, in German order."""
    english = {word.strip(_EDGES) for word in pair.english.split()}

    def is_shared(word: str) -> bool:
        return bool(_NAME_OR_FIGURE.match(word)) and word in english

    words = (word.strip(_EDGES) for word in pair.german.split())
    return [" ".join(run) for shared, run in itertools.groupby(words, is_shared) if shared]


def copied_target(pairs: Iterable[Pair], limit: int, rng: random.Random) -> list[Pair]:
    """Make up to `limit` pairs whose two sides are the same list of names and figures.

    A model that sees few sentences is slow to learn that unknown names are copied; such lines teach only
    that."""
    runs = sorted({run for pair in pairs for run in shared_names(pair) if len(run) > 2})
    rng.shuffle(runs)
    copies: list[Pair] = []
    position = 0
    while position < len(runs) and len(copies) < limit:
        size = rng.randint(1, 3)
        line = ", ".join(runs[position : position + size])
        copies.append(Pair(line, line))
        position += size
    return copies


_UNITS = (
    ("Euro", "euros"),
    ("Prozent", "percent"),
    ("Dollar", "dollars"),
    ("Millionen", "million"),
    ("Milliarden", "billion"),
    ("Kilometer", "kilometres"),
    ("Menschen", "people"),
    ("Millionen Euro", "million euros"),
    ("Milliarden Dollar", "billion dollars"),
    ("Jahre", "years"),
    ("Tage", "days"),
    ("Stunden", "hours"),
)
_MONTHS = (
    ("Januar", "January"),
    ("Februar", "February"),
    ("März", "March"),
    ("April", "April"),
    ("Mai", "May"),
    ("Juni", "June"),
    ("Juli", "July"),
    ("August", "August"),
    ("September", "September"),
    ("Oktober", "October"),
    ("November", "November"),
    ("Dezember", "December"),
)


def figure_pairs(count: int, rng: random.Random) -> list[Pair]:
    """Make `count` short pairs of figures with units and of dates.

    German writes 1.234,5 where English writes 1,234.5, a rule that whole sentences show too rarely.
    """
    pairs = []
    for _ in range(count):
        if rng.random() < 0.3:
            day, year = rng.randint(1, 31), rng.randint(1900, 2029)
            month_de, month_en = rng.choice(_MONTHS)
            pairs.append(Pair(f"am {day}. {month_de} {year}", f"on {month_en} {day}, {year}"))
            continue
        number = rng.choice((rng.randint(2, 99), rng.randint(100, 9_999), rng.randint(10_000, 9_999_999)))
        english = f"{number:,}"
        german = english.replace(",", ".")
        if rng.random() < 0.4:
            decimals = str(rng.randint(0, 99))
            german, english = f"{german},{decimals}", f"{english}.{decimals}"
        unit_de, unit_en = rng.choice(_UNITS)
        pairs.append(Pair(f"{german} {unit_de}", f"{english} {unit_en}"))
    return pairs


class Phase(NamedTuple):
    """One stretch of the curriculum: until this share of the run, pairs of at most so many pieces per
    side."""

    name: str
    until: float
    max_pieces: int


# Short sentences first: their alignment is nearly unambiguous, so cross-attention settles before long ones
# come.
PHASES: tuple[Phase, ...] = (
    Phase("warm_up", 0.06, 20),
    Phase("middle", 0.25, 48),
    Phase("full", 1.0, 110),
)


def phase_at(progress: float) -> Phase:
    """Return the phase that holds at `progress`, the share of all planned steps that is done (0 to 1)."""
    return next((phase for phase in PHASES if progress < phase.until), PHASES[-1])


def rate_of(source: Source, phase: Phase) -> float:
    """Return the sampling rate of `source` in `phase`."""
    return {"warm_up": source.warm_up, "middle": source.middle, "full": source.full}[phase.name]


def draw(rate: float, size: int, rng: random.Random) -> list[int]:
    """Draw pair numbers of one source for one pass: each pair floor(rate) or ceil(rate) times, in random
    order."""
    whole, part = divmod(rate, 1.0)
    numbers = list(range(size)) * int(whole)
    numbers += rng.sample(range(size), round(part * size))
    rng.shuffle(numbers)
    return numbers
