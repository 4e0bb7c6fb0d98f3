"""The official DeepL client with its own patience, 10 s."""

import threading
from collections.abc import Sequence

import deepl
import pytest
from deepl import http_client

from tests.integration.conftest import serving, stub_models

pytestmark = pytest.mark.e2e

SENTENCE = "Der Zug nach Hamburg fährt am Abend ohne Halt ab."


def test_23_an_answer_after_13_seconds_comes_at_the_first_attempt() -> None:
    runs: list[str] = []
    never = threading.Event()

    def slow(sources: Sequence[str]) -> None:
        if SENTENCE in sources:
            runs.append(SENTENCE)
            never.wait(13)

    assert http_client.min_connection_timeout == 10.0
    with serving(stub_models(gate=slow)) as service:
        client = deepl.DeepLClient("any key", server_url=str(service.base_url))
        result = client.translate_text(SENTENCE, target_lang="EN-US")
        metrics = service.get("/metrics").text
    assert isinstance(result, deepl.TextResult)
    assert result.text == SENTENCE.upper()
    assert runs == [SENTENCE]
    assert "kurzfassung_coalesced_requests_total 0.0" in metrics
