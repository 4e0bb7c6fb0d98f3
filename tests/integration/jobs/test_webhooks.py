"""Webhooks: signed, repeated, and sent nowhere that the operator did not name."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.errors import SettingInvalid
from tests.integration.conftest import serving, stub_models
from tests.integration.jobs.conftest import TEXT, Serve, ended, shown, submitted, until
from tests.integration.jobs.receiver import receiving

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"b" * 32).decode()


def webhook(client: httpx.Client, path: str) -> dict[str, Any]:
    told: dict[str, Any] = shown(client, path)["webhook"]
    return told


def settings(hosts: str, **more: object) -> dict[str, object]:
    return {"webhook_hosts": hosts, "webhook_secret": SECRET, "webhook_retry_seconds": 0.05, **more}


def test_the_end_of_a_job_is_told_with_a_signature_that_receivers_libraries_verify(serve: Serve) -> None:
    secrets = f"{SECRET},{OLD_SECRET}"
    with receiving(204) as receiver, serve(**settings(receiver.url, webhook_secret=secrets)) as client:
        path = submitted(client, **{"Webhook-URL": f"{receiver.url}/fertig?nummer=7"})
        ended(client, path)
        until(lambda: webhook(client, path) == {"status": "delivered", "attempts": 1})
        [told] = receiver.received
        assert told.path == "/fertig?nummer=7"
        assert told.headers["host"] == f"127.0.0.1:{receiver.port}"
        for secret in (SECRET, OLD_SECRET):
            event = Webhook(secret).verify(told.body, told.headers)
            assert event["type"] == "job.done"
            assert event["data"] == {
                "id": path.rpartition("/")[2],
                "kind": "digest",
                "status": "done",
                "error": None,
            }
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(told.body.replace(b"done", b"gone"), told.headers)
        assert TEXT.upper().encode() not in told.body.upper()


def test_failures_and_cancellations_are_told_too(serve: Serve) -> None:
    def decode(source: str) -> str:
        if "kaputt" in source:
            raise RuntimeError
        return source.upper()

    with receiving(200) as receiver:
        with serve(stub_models(decode=decode), **settings(receiver.url)) as client:
            hook = {"Webhook-URL": receiver.url}
            ended(client, submitted(client, "Das ist heute leider kaputt gegangen.", **hook))
            until(lambda: len(receiver.received) == 1)
        with serve(job_workers=0, **settings(receiver.url)) as client:
            client.delete(submitted(client, **hook))
            until(lambda: len(receiver.received) == 2)
    events = [json.loads(each.body) for each in receiver.received]
    assert [event["type"] for event in events] == ["job.failed", "job.cancelled"]
    assert events[0]["data"]["error"] == "generation_failed"


def test_a_receiver_that_fails_is_tried_again_with_the_same_id(serve: Serve) -> None:
    with receiving(500, 503, 200) as receiver, serve(**settings(receiver.url)) as client:
        path = submitted(client, **{"Webhook-URL": receiver.url})
        until(lambda: webhook(client, path) == {"status": "delivered", "attempts": 3})
        assert len(receiver.received) == 3
        assert {each.headers["webhook-id"] for each in receiver.received} == {
            f"msg_{path.rpartition('/')[2]}"
        }


def test_a_webhook_that_is_due_survives_a_restart(serve: Serve) -> None:
    with receiving(500, 200) as receiver:
        with serve(**settings(receiver.url, webhook_retry_seconds=2)) as client:
            path = submitted(client, **{"Webhook-URL": receiver.url})
            until(lambda: len(receiver.received) == 1)
            until(lambda: webhook(client, path)["status"] == "pending")
        with serve(**settings(receiver.url)) as client:
            until(lambda: webhook(client, path)["status"] == "delivered")
    assert len(receiver.received) == 2


def test_a_receiver_that_is_gone_is_not_tried_again(serve: Serve) -> None:
    with receiving(410) as receiver, serve(**settings(receiver.url)) as client:
        path = submitted(client, **{"Webhook-URL": receiver.url})
        until(lambda: webhook(client, path) == {"status": "failed", "attempts": 1})
        assert 'kurzfassung_webhook_attempts_total{outcome="given_up"} 1.0' in client.get("/metrics").text


def test_no_redirect_is_followed(serve: Serve) -> None:
    with receiving(200) as secret_place, receiving((307, {"Location": secret_place.url})) as receiver:
        with serve(**settings(f"{receiver.url},{secret_place.url}")) as client:
            path = submitted(client, **{"Webhook-URL": receiver.url})
            until(lambda: webhook(client, path)["attempts"] >= 2)
            assert webhook(client, path)["status"] == "pending"
        assert secret_place.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{other}/",
        "https://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://allowed@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}@evil.example/",
        "http://evil.example\\@127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/\r\nX-Evil: 1",
        "//127.0.0.1:{port}/",
        "",
    ],
)
def test_an_address_that_the_operator_did_not_name_is_refused_at_once(url: str) -> None:
    with receiving(200) as receiver, serving(**settings(receiver.url)) as client:
        address = url.format(port=receiver.port, other=receiver.port + 1)
        sent = {"Prefer": "respond-async", "Webhook-URL": address.replace("\r\n", "%0d%0a ")}
        answer = client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_refused")
        assert "127.0.0.1" not in answer.json()["detail"]
        assert receiver.received == []


def test_a_name_that_leads_to_a_private_address_is_not_reached_unless_its_network_is_named() -> None:
    with receiving(200) as receiver:
        place = f"http://localhost:{receiver.port}"
        with serving(**settings(place)) as client:
            path = submitted(client, **{"Webhook-URL": place})
            until(lambda: webhook(client, path)["attempts"] >= 2)
            assert webhook(client, path)["status"] == "pending"
            assert receiver.received == []
        with serving(**settings(f"{place},127.0.0.0/8")) as client:
            path = submitted(client, **{"Webhook-URL": place})
            until(lambda: webhook(client, path)["status"] == "delivered")


def test_a_host_that_was_taken_off_the_list_gets_what_is_due_no_more(serve: Serve) -> None:
    with receiving(500) as receiver:
        with serve(**settings(receiver.url, webhook_retry_seconds=1)) as client:
            path = submitted(client, **{"Webhook-URL": receiver.url})
            until(lambda: len(receiver.received) == 1)
        with serve(**settings("hooks.example.com")) as client:
            until(lambda: webhook(client, path)["status"] == "failed")
        assert len(receiver.received) == 1


def test_https_is_verified_by_the_name_that_was_asked_for(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with receiving(200, tls=tls) as receiver:
        hosts = f"localhost:{receiver.port},127.0.0.1:{receiver.port},127.0.0.0/8"
        with serving(**settings(hosts)) as client:  # a certificate that nobody vouches for
            path = submitted(client, **{"Webhook-URL": f"https://localhost:{receiver.port}/"})
            until(lambda: webhook(client, path)["attempts"] >= 2)
            assert webhook(client, path)["status"] == "pending"
        with serving(**settings(hosts, webhook_ca_file=certificate)) as client:
            wrong = submitted(client, **{"Webhook-URL": f"https://127.0.0.1:{receiver.port}/"})
            path = submitted(client, **{"Webhook-URL": f"https://localhost:{receiver.port}/"})
            until(lambda: webhook(client, path)["status"] == "delivered")
            until(lambda: webhook(client, wrong)["attempts"] >= 2)
            assert webhook(client, wrong)["status"] == "pending"
        assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"webhook_hosts": "hooks.example.com"},
        {"webhook_hosts": "hooks.example.com/path", "webhook_secret": SECRET},
        {"webhook_hosts": "ftp://hooks.example.com", "webhook_secret": SECRET},
        {"webhook_hosts": "hooks.example.com", "webhook_secret": "geheim"},
        {"webhook_hosts": "hooks.example.com", "webhook_secret": SECRET, "webhook_ca_file": "/nowhere.pem"},
    ],
)
def test_settings_that_cannot_be_meant_stop_the_start(given: dict[str, object]) -> None:
    with pytest.raises(SettingInvalid, match="KURZFASSUNG_WEBHOOK_"), serving(**given):
        pass
