"""What users of other systems complain about, where it takes the real server and real weights to see it."""

import os
import statistics
import subprocess
import sys

import pytest

from service.backends.ct2 import cuda_is_usable
from tests.benchmarks.soak import soak

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(170)]

REQUESTS = 1_200
TOLERANCE = 0.03
"""From the second third to the last; in the first one the caches fill. `make soak` allows as much after the
first 1,000 of 10,000 requests."""


def test_06_memory_stays_flat_over_a_thousand_requests() -> None:
    made = soak(REQUESTS, long=False)
    assert made.statuses.total() == REQUESTS
    assert set(made.statuses) == {200, 422}  # 422: a language that the starter does not read
    sizes, third = [size for _, size in made.memory], len(made.memory) // 3
    settled, last = statistics.median(sizes[third : 2 * third]), statistics.median(sizes[2 * third :])
    assert last / settled - 1 < TOLERANCE, sizes


@pytest.mark.skipif(cuda_is_usable(), reason="there is a GPU here")
def test_25_a_server_told_to_use_a_gpu_that_is_not_there_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "KURZFASSUNG_PROFILE": "starter", "KURZFASSUNG_DEVICE": "cuda"},
        check=False,
    )
    assert done.returncode == 1
    assert "ready" not in done.stdout
    assert "GPU" in done.stderr
