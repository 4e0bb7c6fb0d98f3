"""The selected data in one small file, for training on a machine that has only what is carried there."""

from __future__ import annotations

import io
import lzma
import random
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import corpus
import numpy as np
import numpy.typing as npt
from dataset import Dataset, Side

VOCABULARY_FILES = ("source.spm", "target.spm", "vocab.json", "tokenizer_config.json")
MARGIN = 0.97
"""A smaller selection compresses a little worse; so much of the computed size is aimed at."""


@dataclass(frozen=True)
class Packed:
    """What a pack holds of the data: pairs and English pieces, and how large it came out, in bytes."""

    pairs: int
    target_pieces: int
    size: int


def pack(
    data: Dataset, embeddings: npt.NDArray[np.float32], vocabulary: Path, output: Path, limit: int, seed: int
) -> Packed:
    """Write as many pairs as fit into `limit` bytes, each source by its rate in the last phase, with
    their links, the start embeddings (in half precision) and the vocabulary's files.

    Raises `ValueError` when not even a hundredth of the pairs fits."""
    share = 1.0
    while share >= 0.01:
        chosen = select(data, share, seed)
        size = _write(chosen, embeddings, vocabulary, output)
        if size <= limit:
            return Packed(len(chosen.german), len(chosen.english.pieces), size)
        share *= limit / size * MARGIN
    output.unlink()
    raise ValueError(f"not even a hundredth of the pairs fits into {limit} bytes")


def unpack(source: Path, work: Path) -> None:
    """Write pairs.npz, links.npy, embeddings.npy and the vocabulary into `work`, as `prepare` and
    `align` would have."""
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as plain:
        with lzma.open(source) as packed:
            shutil.copyfileobj(packed, plain)
        with zipfile.ZipFile(plain) as archive:
            (work / "vocabulary").mkdir(exist_ok=True)
            for name in VOCABULARY_FILES:
                (work / "vocabulary" / name).write_bytes(archive.read(name))
            with np.load(io.BytesIO(archive.read("arrays.npz"))) as arrays:
                german = Side(arrays["german"], _starts(arrays["german_lengths"]))
                english = Side(arrays["english"], _starts(arrays["english_lengths"]))
                names = [str(name) for name in arrays["names"]]
                Dataset(german, english, names, arrays["bounds"]).save(work / "pairs.npz")
                np.save(work / "links.npy", arrays["links"])
                np.save(work / "embeddings.npy", arrays["embeddings"].astype(np.float32))


def select(data: Dataset, share: float, seed: int) -> Dataset:
    """A part of every source: its rate in the last phase (1 at most) times `share`, drawn at random,
    in the old order."""
    assert data.links is not None, "the pairs are not aligned yet"  # noqa: S101 - for whoever calls this
    rates = {source.name: corpus.rate_of(source, corpus.PHASES[-1]) for source in corpus.SOURCES}
    rng = random.Random(seed)  # noqa: S311 - draws data, not secrets
    numbers: list[int] = []
    bounds = [0]
    for name, first, after in zip(data.names, data.bounds, data.bounds[1:], strict=False):
        count = round((after - first) * min(1.0, rates[name]) * share)
        numbers += sorted(rng.sample(range(int(first), int(after)), count))
        bounds.append(len(numbers))
    english = data.english
    links = [data.links[english.starts[number] : english.starts[number + 1]] for number in numbers]
    return Dataset(
        _part(data.german, numbers),
        _part(english, numbers),
        data.names,
        np.array(bounds, dtype=np.int64),
        np.concatenate(links) if links else np.zeros(0, dtype=np.int16),
    )


def _part(side: Side, numbers: list[int]) -> Side:
    return Side.from_sentences([side[number].tolist() for number in numbers])


def _starts(lengths: npt.NDArray[np.uint16]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _write(data: Dataset, embeddings: npt.NDArray[np.float32], vocabulary: Path, output: Path) -> int:
    arrays = io.BytesIO()
    np.savez(
        arrays,
        german=data.german.pieces,
        german_lengths=data.german.lengths.astype(np.uint16),
        english=data.english.pieces,
        english_lengths=data.english.lengths.astype(np.uint16),
        names=np.array(data.names),
        bounds=data.bounds,
        links=data.links,
        embeddings=embeddings.astype(np.float16),
    )
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("arrays.npz", arrays.getvalue())
        for name in VOCABULARY_FILES:
            archive.write(vocabulary / name, name)
    packed = lzma.compress(plain.getvalue(), preset=6)
    output.write_bytes(packed)
    return len(packed)
