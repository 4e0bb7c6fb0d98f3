"""Encoded sentence pairs on disk, and the batches that training draws from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import numpy as np
import numpy.typing as npt
import vocabulary

Int16 = npt.NDArray[np.int16]
Int64 = npt.NDArray[np.int64]

WIDTH_STEP = 4
"""English lengths in a batch are multiples of this, to keep the number of different batch shapes small."""


@dataclass(frozen=True)
class Side:
    """All sentences of one language: `pieces` holds them end to end, sentence n is pieces[starts[n]:starts[n
    + 1]]."""

    pieces: Int16
    starts: Int64

    @classmethod
    def from_sentences(cls, sentences: Sequence[Sequence[int]]) -> Side:
        """Pack lists of piece numbers."""
        starts = np.zeros(len(sentences) + 1, dtype=np.int64)
        starts[1:] = np.cumsum([len(sentence) for sentence in sentences])
        pieces = np.fromiter(
            (number for sentence in sentences for number in sentence), np.int16, int(starts[-1])
        )
        return cls(pieces, starts)

    @property
    def lengths(self) -> Int64:
        """Pieces in each sentence, </s> included."""
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> Int16:
        return self.pieces[self.starts[number] : self.starts[number + 1]]


@dataclass(frozen=True)
class Dataset:
    """Encoded pairs, ordered by source: those of source s are pairs bounds[s] to bounds[s + 1] - 1.

    `links` runs parallel to `english.pieces` and gives for each English piece the position of the German
    piece that it is aligned with, or -1. It is None until the alignment has been made."""

    german: Side
    english: Side
    names: list[str]
    bounds: Int64
    links: Int16 | None = None

    def save(self, path: Path) -> None:
        """Write everything but the links, which `alignment` writes."""
        np.savez(
            path,
            german=self.german.pieces,
            german_starts=self.german.starts,
            english=self.english.pieces,
            english_starts=self.english.starts,
            names=np.array(self.names),
            bounds=self.bounds,
        )

    @classmethod
    def load(cls, path: Path, links: Path | None = None) -> Dataset:
        """Read a dataset, with its links if `links` is given."""
        with np.load(path) as arrays:
            return cls(
                german=Side(arrays["german"], arrays["german_starts"]),
                english=Side(arrays["english"], arrays["english_starts"]),
                names=[str(name) for name in arrays["names"]],
                bounds=arrays["bounds"],
                links=None if links is None else np.load(links),
            )


@dataclass(frozen=True)
class Batch:
    """Sentences whose German sides have exactly the same length, so that the encoder needs neither padding
    nor mask.

    german: [sentences, german length]; english: [sentences, english length], padded at the end with <pad>;
    links: like english, the German position of each English piece, or -1.
    """

    german: Int64
    english: Int64
    links: Int64

    @property
    def target_pieces(self) -> int:
        """English pieces that are not padding."""
        return int((self.english != vocabulary.PAD).sum())


def pass_numbers(data: Dataset, phase: corpus.Phase, rng: random.Random) -> Int64:
    """Choose the pair numbers of one pass over the data in this phase, each as often as its source's rate
    says."""
    rates = {source.name: corpus.rate_of(source, phase) for source in corpus.SOURCES}
    chosen: list[int] = []
    for index, name in enumerate(data.names):
        first, after = int(data.bounds[index]), int(data.bounds[index + 1])
        chosen += [first + number for number in corpus.draw(rates[name], after - first, rng)]
    numbers = np.array(chosen, dtype=np.int64)
    short = (data.german.lengths[numbers] <= phase.max_pieces) & (
        data.english.lengths[numbers] <= phase.max_pieces
    )
    return numbers[short]


def group(data: Dataset, numbers: Int64, batch_pieces: int, rng: random.Random) -> list[Int64]:
    """Split `numbers` into batches of one German length each and at most `batch_pieces` pieces on the longer
    side.

    Within a German length the pairs are sorted by English length, rounded up to WIDTH_STEP, and the number of
    sentences follows from the two lengths alone. So nearly all batches come in a few hundred recurring
    shapes."""
    numbers = numbers[np.array(rng.sample(range(len(numbers)), len(numbers)), dtype=np.int64)]
    german = data.german.lengths[numbers]
    english = -(-data.english.lengths[numbers] // WIDTH_STEP) * WIDTH_STEP
    order = np.lexsort((english, german))
    numbers, german, widest = numbers[order], german[order], np.maximum(english, german)[order]
    batches: list[Int64] = []
    start = 0
    while start < len(numbers):
        same_length = int(np.searchsorted(german, german[start], side="right"))
        reach = min(same_length, start + max(1, batch_pieces // int(widest[start])))
        size = max(1, batch_pieces // int(widest[reach - 1]))
        batches.append(numbers[start : min(reach, start + size)])
        start = min(reach, start + size)
    rng.shuffle(batches)
    return batches


def collate(data: Dataset, numbers: Int64) -> Batch:
    """Build the arrays of one batch."""
    if data.links is None:
        raise ValueError("the pairs are not aligned yet")
    german = np.stack([data.german[number] for number in numbers]).astype(np.int64)
    width = -(-int(data.english.lengths[numbers].max()) // WIDTH_STEP) * WIDTH_STEP
    english = np.full((len(numbers), width), vocabulary.PAD, dtype=np.int64)
    links = np.full((len(numbers), width), -1, dtype=np.int64)
    for row, number in enumerate(numbers):
        start, end = data.english.starts[number], data.english.starts[number + 1]
        english[row, : end - start] = data.english.pieces[start:end]
        links[row, : end - start] = data.links[start:end]
    return Batch(german, english, links)


@dataclass
class Position:
    """Where training stands in the data: pass number, batches done in that pass, and the phase of that
    pass."""

    number: int = 0
    done: int = 0
    phase: str = corpus.PHASES[0].name


def batches(
    data: Dataset, batch_pieces: int, seed: int, position: Position, phase_now: Callable[[], corpus.Phase]
) -> Iterator[Batch]:
    """Yield batches for ever, from `position` on, and keep `position` at the batch after the one yielded.

    The batches of a pass depend only on `seed`, the number of the pass and its phase, so a run that was
    killed goes on with the very batch it would have had. A new phase ends the pass that is under way."""
    phase = {phase.name: phase for phase in corpus.PHASES}[position.phase]
    while True:
        rng = random.Random(f"{seed}/{position.number}/{phase.name}")  # noqa: S311 - draws data, not secrets
        order = group(data, pass_numbers(data, phase, rng), batch_pieces, rng)
        while position.done < len(order) and phase_now() == phase:
            position.done += 1
            yield collate(data, order[position.done - 1])
        phase = phase_now()
        position.number, position.done, position.phase = position.number + 1, 0, phase.name
