"""`python -m tests.openapi.fuzz [COUNT]` sends COUNT fuzzed requests (10,000) to the real server, in a
process of its own, with the starter's weights; fails where an answer was our failure, undocumented or slower
than 30 s, or where resident memory grew by more than 5 % after the first fifth of them."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time

import httpx

from tests.benchmarks.server import resident_bytes, starter_server
from tests.openapi.fuzzing import Fuzzed, Fuzzer

TOLERANCE = 0.05

_EVERY = 50
"""Requests between two readings of the memory."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--profile", default="starter")
    arguments = parser.parse_args()
    memory: list[int] = []
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        starter_server(KURZFASSUNG_PROFILE=arguments.profile, KURZFASSUNG_DATA_DIR=folder) as (address, pid),
    ):

        def answered(made: Fuzzed) -> None:
            if made.count % _EVERY == 0:
                memory.append(resident_bytes(pid))
                if len(memory) % 20 == 0:
                    print(f"{made.count:>7} {memory[-1] / 1e6:8.1f} MB", flush=True)

        made = Fuzzer(address, another=lambda made: made.count < arguments.count, answered=answered).run()
        alive = httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
    fifth = max(1, len(memory) // 5)
    settled, last = statistics.median(memory[fifth : 2 * fifth]), statistics.median(memory[-fifth:])
    growth = last / settled - 1
    print(
        f"{made.count:,} requests in {time.monotonic() - started:.0f} s, the slowest {made.slowest:.1f} s, "
        f"answered {dict(sorted(made.statuses.items()))}; ready afterwards: {alive}"
    )
    print(
        f"resident: {settled / 1e6:.1f} MB in the second fifth, {last / 1e6:.1f} MB in the last "
        f"({growth:+.2%}), {max(memory) / 1e6:.1f} MB at most"
    )
    for what, shown in made.faults.items():
        print(f"\nFAULT {what}\n{shown}")
    return int(bool(made.faults) or not alive or growth > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
