"""Every operation of the OpenAPI document under requests that nobody would write, for `FUZZ_SECONDS`; much
longer with `python -m tests.openapi.fuzz`."""

import os
import time

import pytest

from tests.integration.conftest import serving
from tests.openapi.fuzzing import PATIENCE, Fuzzed, Fuzzer

SECONDS = float(os.environ.get("FUZZ_SECONDS", "50"))

REFUSING = {"POST /suggest", "GET /v1/jobs"}
"""The latter where there are no keys."""


@pytest.mark.timeout(SECONDS + 120)
def test_whatever_is_sent_the_answer_is_a_documented_one_and_never_our_failure() -> None:
    ends = time.monotonic() + SECONDS
    with serving() as service:
        documented = {
            f"{method.upper()} {path}"
            for path, methods in service.get("/openapi.json").json()["paths"].items()
            for method in methods
        }
        fuzzer = Fuzzer(
            str(service.base_url).rstrip("/"),
            another=lambda made: time.monotonic() < ends or made.rounds < 1,
            answered=lambda _: None,
        )
        made: Fuzzed = fuzzer.run()
        assert service.get("/readyz").status_code == 200
    assert made.faults == {}
    assert documented - made.reached == REFUSING
    assert made.slowest < PATIENCE
