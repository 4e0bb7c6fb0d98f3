from collections.abc import Sequence

import httpx

from tests.integration.conftest import serving, stub_models

LINE = {"text": "Der Rat tagt am Montag.", "source": "de"}


def segments(client: httpx.Client) -> dict[str, float]:
    rows = [row for row in client.get("/metrics").text.splitlines() if "kurzfassung_segments_total{" in row]
    return {row.split('"')[1]: float(row.split()[-1]) for row in rows}


def test_without_the_setting_nothing_is_kept() -> None:
    batches: list[list[str]] = []

    def gate(sources: Sequence[str]) -> None:
        batches.append(list(sources))

    with serving(stub_models(gate=gate)) as client:
        for _ in range(2):
            client.post("/v1/translate", json=LINE)
        assert batches.count([LINE["text"]]) == 2
        assert "cached" not in segments(client)


def test_with_it_a_segment_is_decoded_once_and_the_metrics_say_so() -> None:
    batches: list[list[str]] = []

    def gate(sources: Sequence[str]) -> None:
        batches.append(list(sources))

    with serving(stub_models(gate=gate), cache_megabytes=1) as client:
        answers = [client.post("/v1/translate", json=LINE).json()["translations"][0] for _ in range(3)]
        assert batches.count([LINE["text"]]) == 1
        assert len({answer["text"] for answer in answers}) == 1
        assert segments(client)["cached"] == 2
        held = client.get("/metrics").text.partition("\nkurzfassung_cache_bytes ")[2].split()[0]
        assert 0 < float(held) <= 1_000_000


def test_the_same_text_many_times_in_one_call_is_decoded_once() -> None:
    batches: list[list[str]] = []

    def gate(sources: Sequence[str]) -> None:
        batches.append(list(sources))

    with serving(stub_models(gate=gate)) as client:
        answer = client.post("/v1/translate", json={"text": [LINE["text"]] * 50, "source": "de"})
        assert len(answer.json()["translations"]) == 50
        assert batches.count([LINE["text"]]) == 1
        assert segments(client)["joined"] == 49
