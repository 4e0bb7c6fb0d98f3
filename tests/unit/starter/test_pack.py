"""The selected data in one small file."""

from pathlib import Path

import numpy as np
import pytest
from dataset import Dataset, Side
from pack import VOCABULARY_FILES, pack, select, unpack


@pytest.fixture
def data() -> Dataset:
    rng = np.random.default_rng(7)
    lengths = rng.integers(2, 30, size=(2, 900))
    german, english = (
        Side.from_sentences([rng.integers(0, 8000, length).tolist() for length in side]) for side in lengths
    )
    links = rng.integers(-1, 30, len(english.pieces)).astype(np.int16)
    return Dataset(
        german, english, ["wmt-news-refs", "tatoeba", "suttas"], np.array([0, 300, 600, 900]), links
    )


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    directory = tmp_path / "vocabulary"
    directory.mkdir()
    for name in VOCABULARY_FILES:
        (directory / name).write_text(name)
    return directory


def test_what_is_unpacked_is_what_was_selected(data: Dataset, vocabulary: Path, tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(size=(8000, 4)).astype(np.float32)
    packed = pack(data, points, vocabulary, tmp_path / "pack.xz", 10**7, seed=3)
    work = tmp_path / "work"
    unpack(tmp_path / "pack.xz", work)
    found, chosen = Dataset.load(work / "pairs.npz", work / "links.npy"), select(data, 1.0, seed=3)
    assert packed.pairs == len(found.german) == len(chosen.german)
    for name in ("pieces", "starts"):
        assert np.array_equal(getattr(found.german, name), getattr(chosen.german, name))
        assert np.array_equal(getattr(found.english, name), getattr(chosen.english, name))
    assert np.array_equal(found.links, chosen.links)
    assert np.array_equal(found.bounds, chosen.bounds)
    assert np.allclose(np.load(work / "embeddings.npy"), points, atol=1e-2)
    assert (work / "vocabulary" / "vocab.json").read_text() == "vocab.json"


def test_news_is_selected_whole_and_suttas_in_part(data: Dataset) -> None:
    counts = dict(zip(data.names, np.diff(select(data, 1.0, seed=3).bounds), strict=True))
    assert counts["wmt-news-refs"] == 300
    assert 0 < counts["suttas"] < counts["wmt-news-refs"]


def test_every_pair_keeps_its_own_links(data: Dataset) -> None:
    assert data.links is not None
    chosen = select(data, 0.3, seed=3)
    assert chosen.links is not None
    whole = {tuple(data.english[n]): data.links[slice(*data.english.starts[n : n + 2])] for n in range(900)}
    for number in range(len(chosen.english)):
        own = chosen.links[slice(*chosen.english.starts[number : number + 2])]
        assert np.array_equal(own, whole[tuple(chosen.english[number])])


def test_a_pack_keeps_to_its_limit(data: Dataset, vocabulary: Path, tmp_path: Path) -> None:
    points = np.zeros((8000, 4), dtype=np.float32)
    output = tmp_path / "pack.xz"
    packed = pack(data, points, vocabulary, output, 20_000, seed=3)
    assert packed.size == output.stat().st_size <= 20_000
    assert 0 < packed.pairs < 900
    with pytest.raises(ValueError, match="hundredth"):
        pack(data, points, vocabulary, output, 100, seed=3)
    assert not output.exists()
