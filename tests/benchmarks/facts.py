"""How often the checks of facts say something about pairs that people translated, `python -m
tests.benchmarks.facts FILE.de FILE.en` or `python -m tests.benchmarks.facts PAIRS.tsv.gz [AT_MOST]`. Human
references are taken to be right, so that every flag counts as a false alarm; some are true rewrites."""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from pathlib import Path

from service.pipeline.facts import Discrepancy, TooMuchToCompare, compare_facts
from service.text.quantities import read_quantities


def pairs_of(paths: list[Path]) -> list[tuple[str, str]]:
    if len(paths) == 2:
        german, english = (path.read_text(encoding="utf-8").splitlines() for path in paths)
        return list(zip(german, english, strict=True))
    lines = gzip.decompress(paths[0].read_bytes()).decode().splitlines()
    split = (line.split("\t") for line in lines)
    return list({german: (german, english) for german, english in split}.values())


def flags(german: str, english: str) -> list[Discrepancy]:
    try:
        return compare_facts(german, english, "de", "en")
    except TooMuchToCompare:
        return []


def main() -> None:
    arguments = [each for each in sys.argv[1:] if each != "--show"]
    paths = [Path(each) for each in arguments if not each.isdigit()]
    pairs = pairs_of(paths)
    for limit in (int(each) for each in arguments if each.isdigit()):
        pairs = pairs[:limit]
    with_numbers = sum(bool(read_quantities(german, "de")) for german, _ in pairs)
    counts: Counter[str] = Counter()
    for german, english in pairs:
        found = flags(german, english)
        counts.update({each.doubt for each in found})
        if found and "--show" in sys.argv:
            print("\n".join([german, english, *(f"  {each.doubt}: {each.message}" for each in found)]))
    print(f"{len(pairs)} pairs, {with_numbers} with a quantity")
    for doubt, count in sorted(counts.items()):
        share = f"{100 * count / len(pairs):.2f} % of all"
        print(
            f"{doubt}: {count}, {share}"
            + (f", {100 * count / with_numbers:.2f} % of those" * (doubt == "number"))
        )


if __name__ == "__main__":
    main()
