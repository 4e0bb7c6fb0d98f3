"""Traefik in front of two replicas: what of the other gateways' tests holds for it too."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import CALLER, PREFIX, Gateway
from tests.gateway.proxies import TRAEFIK
from tests.gateway.test_gateways import FORGED, LIMIT, reached

pytestmark = pytest.mark.parametrize("gateway", [TRAEFIK], indirect=True, ids=["traefik"])


def test_the_prefix_is_taken_off_or_passed_on_and_the_service_told(gateway: Gateway) -> None:
    path, headers = reached(gateway, headers=FORGED)
    assert path == ("/echo" if gateway.strips else PREFIX + "/echo")
    assert headers.get_list("x-forwarded-prefix") == ([PREFIX] if gateway.strips else [])
    assert headers.get_list("x-forwarded-for") == [CALLER]
    assert headers.get_list("x-forwarded-proto") == ["https"]
    assert headers.get_list("x-forwarded-host") == [gateway.origin.removeprefix("https://")]
    assert headers["host"] == gateway.origin.removeprefix("https://")
    assert "boese" not in str(headers)


def test_the_prefix_without_its_slash_leads_to_the_page(gateway: Gateway) -> None:
    for path in ("/", PREFIX):
        answer = gateway.client.get(gateway.origin + path)
        assert answer.next_request is not None
        assert str(answer.next_request.url) == gateway.origin + PREFIX + "/"


def test_only_what_is_below_the_prefix_is_passed_on_and_not_what_is_measured(gateway: Gateway) -> None:
    for path in ("/echo", "/kurzfassungecho", PREFIX + "/metrics", PREFIX + "/%6Detrics"):
        assert gateway.client.get(gateway.origin + path).status_code == 404


def test_a_body_over_the_limit_is_refused_and_one_below_is_not(gateway: Gateway) -> None:
    plain = {"Content-Type": "text/plain"}
    over = gateway.client.post("v1/digest", content=b"x" * (LIMIT * 11 // 10), headers=plain)
    assert over.status_code == 413
    below = gateway.client.post("v1/digest", content=b"x" * (LIMIT - 1000), headers=plain)
    assert below.json()["code"] == "text_too_long"


def test_a_stream_is_not_held_back(gateway: Gateway) -> None:
    gateway.hold.close()
    body = {"text": "Der Rat tagt am Montag. Es wird danach gebaut.", "source": "de"}
    headers = {"Accept": "text/event-stream"}
    try:
        with gateway.client.stream("POST", "v1/digest", json=body, headers=headers) as answer:
            names = (line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event"))
            assert next(names) == "segment"  # while the second one waits in the engine
            gateway.hold.open()
            assert list(names) == ["segment", "summary", "done"]
    finally:
        gateway.hold.open()


def test_the_address_of_a_translated_file_leads_back_through_the_gateway(gateway: Gateway) -> None:
    for _ in range(3):
        sent = gateway.client.post(
            "translate_file",
            files={"file": ("brief.txt", b"Der Rat tagt am Montag.")},
            data={"source": "de", "target": "en"},
        )
        address = sent.json()["translatedFileUrl"]
        assert address.startswith(f"{gateway.origin}{PREFIX}/download_file/")
        assert gateway.client.get(address).content == b"DER RAT TAGT AM MONTAG."
