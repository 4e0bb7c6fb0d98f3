"""`python -m tests.capacity [check|cost|fleet|parts]`: the tables of docs/capacity.md. With torch, `cost` and
`fleet` have a line for opus-mt-de-en's size, too."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

from service.backends.loading import engine_is_installed
from service.pipeline.models import ModelSet
from tests.benchmarks.server import starter_server
from tests.capacity import parts
from tests.capacity.fleet import node, report
from tests.capacity.measurement import (
    Calibration,
    calibrate,
    open_loop,
    sleeping_models,
    sleeping_server,
    starter_models,
)
from tests.capacity.simulation import simulate
from tests.capacity.workload import KINDS, articles, schedule, written
from tests.integration.conftest import stub_models

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
            kinds = [written(kind, kind) for kind in range(KINDS)]
            found = asyncio.run(calibrate(models(), rounds=3, texts=kinds))
            rate = utilisation * found.articles_per_second
            planned = schedule(rate, SECONDS, seed)
            predicted = simulate(articles(planned, found.calls), found.cost, limits=found.limits)
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
    rows = [
        "| model | source tokens an article | core seconds an article | tokens a core second | "
        "core hours a million |",
        "|---|---|---|---|---|",
    ]
    for name, found in calibrations().items():
        tokens = found.tokens / len(found.calls)
        rows.append(
            f"| {name} | {tokens:.0f} | {found.core_seconds:.3f} | {tokens / found.core_seconds:.0f} | "
            f"{found.core_seconds * 1e6 / 3600:.0f} |"
        )
    return "\n".join(rows)


def calibrations() -> dict[str, Calibration]:
    found = {"starter": asyncio.run(calibrate(starter_models(), rounds=5))}
    if engine_is_installed("pytorch"):
        from tests.capacity.opus import opus_shaped

        with opus_shaped() as models:
            found["opus-mt-de-en's shape"] = asyncio.run(calibrate(models, rounds=2))
    return found


def scaled() -> str:
    outside = asyncio.run(calibrate(stub_models(), rounds=5)).core_seconds
    tables = []
    for name, found in calibrations().items():
        each = node(found.core_seconds, outside, found.tokens / len(found.calls))
        told = f"{name}: {found.core_seconds:.3f} core seconds an article"
        tables.append(f"{told}\n\n{report(each, found.calls, found.limits)}")
    return "\n\n".join(tables)


def main() -> None:
    for name in sys.argv[1:] or ["check", "cost"]:
        print({"check": check, "cost": cost, "fleet": scaled, "parts": parts.report}[name](), flush=True)


if __name__ == "__main__":
    main()
