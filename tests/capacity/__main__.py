"""`python -m tests.capacity [check|cost|fleet]`: the tables of docs/capacity.md."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

from service.pipeline.models import ModelSet
from tests.benchmarks.server import starter_server
from tests.capacity.measurement import (
    Calibration,
    calibrate,
    open_loop,
    sleeping_models,
    sleeping_server,
    starter_models,
)
from tests.capacity.simulation import simulate
from tests.capacity.workload import articles, schedule

UTILISATIONS = (0.3, 0.6, 0.8)
SECONDS = 60.0


def check() -> str:
    """One node: the model's prediction beside the measurement, the same arrivals in both."""
    rows = [
        "| engine | articles/s | share of capacity | half within, predicted / measured, s | 95 % within | "
        "deviation |",
        "|---|---|---|---|---|---|",
    ]
    ways: dict[str, tuple[Callable[[], ModelSet], Callable[[], AbstractContextManager[str]]]] = {
        "asleep": (sleeping_models, sleeping_server),
        "starter": (starter_models, starter_address),
    }
    for name, (models, server) in ways.items():
        for seed, utilisation in enumerate(UTILISATIONS, 1):
            # Anew each time: what the machine does beside this changes.
            found = asyncio.run(calibrate(models(), rounds=3))
            rate = utilisation * found.articles_per_second
            planned = schedule(rate, SECONDS, seed)
            predicted = simulate(articles(planned, found.calls), found.cost)
            with server() as address:
                asyncio.run(open_loop(address, planned[:20]))  # what is loaded on first use
                measured = asyncio.run(open_loop(address, planned))
            pairs = [(predicted.within(share), measured.within(share)) for share in (0.5, 0.95)]
            rows.append(
                f"| {name} | {rate:.2f} | {utilisation:.0%} | "
                + " | ".join(f"{ours:.2f} / {theirs:.2f}" for ours, theirs in pairs)
                + " | "
                + ", ".join(f"{ours / theirs - 1:+.0%}" for ours, theirs in pairs)
                + " |"
            )
            print(rows[-1], f"load {os.getloadavg()[0]:.1f}", found.cost, file=sys.stderr, flush=True)
    return "\n".join(rows)


class starter_address(AbstractContextManager[str]):  # noqa: N801 -- used like the function beside it
    def __enter__(self) -> str:
        self._server = starter_server()
        return self._server.__enter__()[0]

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(None, None, None)


def cost() -> str:
    """What an article takes of the processor, which other work on the machine does not change much."""
    found = asyncio.run(calibrate(starter_models(), rounds=5))
    return _cost("starter", found)


def _cost(name: str, found: Calibration) -> str:
    hours = found.core_seconds * 1e6 / 3600
    tokens = found.tokens / len(found.calls)
    return (
        "| model | source tokens an article | core seconds an article | tokens a core second | "
        "core hours a million |\n|---|---|---|---|---|\n"
        f"| {name} | {tokens:.0f} | {found.core_seconds:.3f} | {tokens / found.core_seconds:.0f} | "
        f"{hours:.0f} |"
    )


def main() -> None:
    for name in sys.argv[1:] or ["check", "cost"]:
        print({"check": check, "cost": cost}[name](), flush=True)


if __name__ == "__main__":
    main()
