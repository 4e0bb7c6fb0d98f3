"""Word alignment of the training pairs, piece by piece, and the start embeddings that follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse
import vocabulary
from dataset import Dataset, Int16, Side

WINDOW = 4
"""Neighbours on each side that count as context of a piece; the n-th neighbour counts 1/n."""
OWN_TRANSLATION = 3.0
"""Weight of a piece's own translation against its neighbours in the context counts."""
SMOOTHING = 0.75
"""Exponent on context frequencies in the PPMI, which keeps rare contexts from dominating (Levy et al.
2015)."""


def write_text(side: Side, path: Path) -> None:
    """Write one sentence per line as numbers, without </s>: what eflomal takes for words."""
    with path.open("w", encoding="ascii") as output:
        for number in range(len(side)):
            output.write(" ".join(map(str, side[number][:-1])) + "\n")


def align(data: Dataset, directory: Path, model: int = 3) -> Int16:
    """Run eflomal in the direction in which each English piece has at most one German piece.

    `model` is eflomal's: 1 is IBM 1, 2 adds an HMM, 3 adds fertility. Returns links parallel to
    `data.english.pieces`; </s> is linked with </s>.
    """
    import eflomal

    german, english, links = directory / "align.de", directory / "align.en", directory / "align.links"
    write_text(data.german, german)
    write_text(data.english, english)
    with german.open(encoding="ascii") as source, english.open(encoding="ascii") as target:
        eflomal.Aligner(model=model, n_samplers=2).align(
            source, target, links_filename_fwd=str(links), quiet=False
        )
    result = np.full(len(data.english.pieces), -1, dtype=np.int16)
    with links.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            start = int(data.english.starts[number])
            for link in line.split():
                source_position, target_position = link.split("-")
                result[start + int(target_position)] = int(source_position)
    result[data.english.starts[1:] - 1] = data.german.lengths - 1
    return result


def _neighbours(side: Side) -> scipy.sparse.csr_matrix:
    """Count pieces against their neighbours in the same sentence, a [SIZE, SIZE] matrix."""
    sentence = np.repeat(np.arange(len(side)), side.lengths)
    total = scipy.sparse.csr_matrix((vocabulary.SIZE, vocabulary.SIZE), dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        inside = sentence[:-distance] == sentence[distance:]
        left, right = side.pieces[:-distance][inside], side.pieces[distance:][inside]
        weights = np.full(len(left), 1.0 / distance, dtype=np.float32)
        total = total + scipy.sparse.coo_matrix((weights, (left, right)), shape=total.shape).tocsr()
    return total + total.T


def _translations(data: Dataset) -> scipy.sparse.csr_matrix:
    """Count aligned pieces, a [SIZE, SIZE] matrix with German rows and English columns."""
    if data.links is None:
        raise ValueError("the pairs are not aligned yet")
    linked = data.links >= 0
    sentence = np.repeat(np.arange(len(data.english)), data.english.lengths)[linked]
    german = data.german.pieces[data.german.starts[sentence] + data.links[linked]]
    english = data.english.pieces[linked]
    ones = np.ones(len(german), dtype=np.float32)
    return scipy.sparse.coo_matrix(
        (ones, (german, english)), shape=(vocabulary.SIZE, vocabulary.SIZE)
    ).tocsr()


def _as_shares(counts: scipy.sparse.csr_matrix) -> scipy.sparse.csr_matrix:
    """Divide each row by its sum."""
    sums = np.asarray(counts.sum(axis=1)).ravel()
    return scipy.sparse.diags(1.0 / np.maximum(sums, 1.0)) @ counts


def embeddings(data: Dataset, width: int, seed: int) -> npt.NDArray[np.float32]:
    """Place every piece by the English pieces around it, a [SIZE, width] array with rows of length 1.

    The contexts of an English piece are its neighbours and itself; those of a German piece are the
    translations of its neighbours and of itself. So a German piece and its English translation start close
    together, and what the encoder passes on for a German piece already points at the right output piece. Rows
    of length 1 have the standard deviation width**-0.5 that Marian's embedding scale of sqrt(width) expects.
    """
    translations = _translations(data)
    translations.data[translations.data < 2] = 0.0
    translations.eliminate_zeros()
    shares = _as_shares(translations)
    own_german = scipy.sparse.diags(
        np.bincount(data.german.pieces, minlength=vocabulary.SIZE).astype(np.float32)
    )
    own_english = scipy.sparse.diags(
        np.bincount(data.english.pieces, minlength=vocabulary.SIZE).astype(np.float32)
    )
    counts = (
        _neighbours(data.english)
        + _neighbours(data.german) @ shares
        + OWN_TRANSLATION * (own_german @ shares + own_english)
    ).tocoo()
    rows = np.asarray(counts.sum(axis=1)).ravel() + 1e-9
    columns = np.asarray(counts.sum(axis=0)).ravel() ** SMOOTHING
    information = np.log(counts.data * columns.sum() / (rows[counts.row] * columns[counts.col]) + 1e-12)
    positive = information > 0
    ppmi = scipy.sparse.coo_matrix(
        (information[positive], (counts.row[positive], counts.col[positive])),
        shape=counts.shape,
        dtype=np.float32,
    ).tocsr()

    rng = np.random.default_rng(seed)
    left, scale = _truncated_svd(ppmi, width, rng)
    points = left * np.sqrt(scale)
    seen = np.linalg.norm(points, axis=1) > 1e-6
    points -= points[seen].mean(axis=0)
    # A random rotation spreads the leading directions over all dimensions, hence over all attention heads.
    points = points @ np.linalg.qr(rng.standard_normal((width, width)))[0]
    points[~seen] = rng.standard_normal((int((~seen).sum()), width))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    start: npt.NDArray[np.float32] = points.astype(np.float32)
    return start


def _truncated_svd(
    matrix: scipy.sparse.csr_matrix, rank: int, rng: np.random.Generator, rounds: int = 4
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return left singular vectors [rows, rank] and singular values [rank] by randomised subspace
    iteration."""
    basis = matrix @ rng.standard_normal((matrix.shape[1], rank + 32))
    for _ in range(rounds):
        basis = matrix @ (matrix.T @ np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    left, values, _ = np.linalg.svd(np.asarray((matrix.T @ basis).T), full_matrices=False)
    return (basis @ left)[:, :rank], values[:rank]


def nearest(
    points: npt.NDArray[np.float32], pieces: list[str], wanted: list[str], count: int = 6
) -> Iterator[tuple[str, list[str]]]:
    """Yield the neighbours of some pieces, for a look at whether translations lie close together."""
    for piece in wanted:
        if piece in pieces:
            closeness = points @ points[pieces.index(piece)]
            yield piece, [pieces[number] for number in np.argsort(-closeness)[1 : count + 1]]
