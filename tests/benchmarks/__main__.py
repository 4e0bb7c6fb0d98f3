"""`make bench`: measures what is asked for and writes `docs/benchmarks.md` from all that was measured."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.machine import describe
from tests.benchmarks.weights import WEIGHTS, prepare

# Every worker reads this file as it starts: what needs torch is imported where it is used.
if TYPE_CHECKING:
    from tests.benchmarks.results import Results

PARTS = (*WEIGHTS, "targets", "overload", "soak", "gpu")
_QUICK = (*WEIGHTS, "targets", "overload")
_ARTICLES = {"starter": 64, "opus": 32, "distilbart": 16}


def main() -> None:
    from tests.benchmarks import page
    from tests.benchmarks.libretranslate import make_environment
    from tests.benchmarks.results import Results

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; else {', '.join(_QUICK)}"
    )
    parser.add_argument("--rounds", type=int, default=2, help="rounds of all ways (2)")
    parser.add_argument("--articles", type=int, help="articles a round for the fast ways (64, 32, 16)")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of overload (10)")
    parser.add_argument("--requests", type=int, default=10_000, help="requests of the soak (10,000)")
    parser.add_argument(
        "--libretranslate",
        type=Path,
        metavar="DIRECTORY",
        help="also compare LibreTranslate, from the environment there, outside the repository; it is made "
        "when there is none (about 700 MB)",
    )
    arguments = parser.parse_args()
    parts = arguments.parts or list(_QUICK)
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}")
    environment: Path | None = arguments.libretranslate
    if environment is not None and not (environment / "bin" / "libretranslate").exists():
        show(f"making {environment}")
        try:
            make_environment(environment)
        except subprocess.CalledProcessError as error:
            parser.error(f"LibreTranslate cannot be installed: {error}")
    results = Results.read()
    for part in parts:
        machine = describe()
        show(f"## {part}")
        measure(part, arguments, machine, results)
        results.write()
        page.write(results)
    show(f"written: {page.DOCS / 'benchmarks.md'}")


def measure(part: str, arguments: argparse.Namespace, machine: dict[str, str], results: Results) -> None:
    from tests.benchmarks import comparison, gpu, overload, page, soak, targets

    if part in WEIGHTS:
        with tempfile.TemporaryDirectory() as directory:
            found = comparison.compare(
                prepare(part, Path(directory)),
                rounds=arguments.rounds,
                articles=arguments.articles or _ARTICLES[part],
                environment=arguments.libretranslate,
                progress=show,
            )
        results.keep_comparison(part, machine, found)
        show(comparison.table(found))
        show(comparison.ratio_table(found))
    elif part == "targets":
        aimed = targets.measure(seconds=arguments.seconds, progress=show)
        results.keep(part, machine, [asdict(each) for each in aimed])
        show(targets.table(aimed))
    elif part == "overload":
        told = overload.report(arguments.seconds)
        results.keep(part, machine, told)
        show(f"\n{told}")
    elif part == "soak":
        made = soak.soak(arguments.requests, progress=True)
        soak.plot(made, page.DOCS / page.SOAK)
        results.keep(part, machine, soak.summary(made))
    elif part == "gpu":
        results.keep(part, machine, gpu.table(gpu.measure(progress=show)))


def show(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    main()
