"""Prepare"""
from __future__ import annotations
import argparse, random, json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import numpy as np
import corpus, vocabulary
from dataset import Dataset, Side
from corpus import Pair


def normalized_source(path: Path, held_out: frozenset[str]) -> list[Pair]:
    """Read, normalise and clean one source. Quotes, dashes and blanks become those that the service sends."""
    from sacremoses import MosesPunctNormalizer

    german, english = MosesPunctNormalizer("de").normalize, MosesPunctNormalizer("en").normalize
    raw = (Pair(corpus.squeeze(pair.german), corpus.squeeze(pair.english)) for pair in corpus.read_source(path))
    usable = (pair for pair in raw if corpus.is_usable(*pair))
    normalized = (Pair(german(pair.german), english(pair.english)) for pair in usable)
    return list(corpus.clean(normalized, held_out))


def prepare(options: argparse.Namespace) -> None:
    """Clean the corpus, learn the vocabulary and write the encoded pairs."""
    rng = random.Random(options.seed)
    held_out = frozenset(
        corpus.fingerprint(line)
        for path in options.held_out
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    made = ("copies", "figures")
    files = {s.name: options.corpus / f"{s.name}.tsv.gz" for s in corpus.SOURCES if s.name not in made}
    with ProcessPoolExecutor(options.threads) as pool:
        cleaned = pool.map(normalized_source, files.values(), [held_out] * len(files))
        pairs = dict(zip(files, cleaned, strict=True))
    news = [pair for name in ("wmt-news-refs", "syn-bergamot-deen", "europarl-pieces") for pair in pairs[name]]
    pairs["copies"] = corpus.copied_target(news, limit=25_000, rng=rng)
    pairs["figures"] = corpus.figure_pairs(12_000, rng)
    options.work.mkdir(parents=True, exist_ok=True)

    full = corpus.PHASES[-1]
    lines = [
        line
        for source in corpus.SOURCES
        for number in corpus.draw(corpus.rate_of(source, full), len(pairs[source.name]), rng)
        for line in pairs[source.name][number]
    ]
    model = options.work / "vocabulary"
    vocabulary.learn(rng.sample(lines, min(len(lines), 400_000)), model, options.threads)

    processor = vocabulary.load(model)
    every = [pair for name in pairs for pair in pairs[name]]
    german = Side.from_sentences(list(vocabulary.encode(processor, [p.german for p in every], options.threads)))
    english = Side.from_sentences(list(vocabulary.encode(processor, [p.english for p in every], options.threads)))
    bounds = np.cumsum([0, *(len(pairs[name]) for name in pairs)])
    Dataset(german, english, list(pairs), bounds).save(options.work / "pairs.npz")
    for i, name in enumerate(pairs):
        a, b = bounds[i], bounds[i + 1]
        print(f"{name:24s} {b - a:8d} pairs {int(german.lengths[a:b].sum()):9d} de {int(english.lengths[a:b].sum()):9d} en")

if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--corpus", type=Path); p.add_argument("--work", type=Path); p.add_argument("--held-out", type=Path, nargs="+")
    p.add_argument("--seed", type=int, default=1); p.add_argument("--threads", type=int, default=2)
    prepare(p.parse_args())
