"""Every operation of the OpenAPI document under requests that nobody would write, for `FUZZ_SECONDS`; much
longer with `python -m tests.openapi.fuzz`."""

import os
import time

import pytest

from tests.integration.conftest import serving
from tests.openapi.fuzzing import PATIENCE, Fuzzed, Fuzzer

SECONDS = float(os.environ.get("FUZZ_SECONDS", "50"))

PATIENT_SECONDS = SECONDS + 240
"""A slow machine goes on for so long until every operation was seen to work once."""

REFUSING = {"POST /suggest", "GET /v1/jobs"}
"""The latter where there are no keys."""


@pytest.mark.timeout(PATIENT_SECONDS + 60)
def test_whatever_is_sent_the_answer_is_a_documented_one_and_never_our_failure() -> None:
    began = time.monotonic()
    with serving() as service:
        documented = {
            f"{method.upper()} {path}"
            for path, methods in service.get("/openapi.json").json()["paths"].items()
            for method in methods
        }

        def another(made: Fuzzed) -> bool:
            everything = made.rounds >= 1 and documented - made.reached == REFUSING
            return time.monotonic() < began + (SECONDS if everything else PATIENT_SECONDS)

        made = Fuzzer(str(service.base_url).rstrip("/"), another=another, answered=lambda _: None).run()
        assert service.get("/readyz").status_code == 200
    assert made.faults == {}
    assert documented - made.reached == REFUSING
    assert made.slowest < PATIENCE
