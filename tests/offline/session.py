"""Run inside a namespace without a network: proves that there is none, starts the real server there, twice,
and asks it for everything it says it can do. Prints what it found as JSON. Any attempt of the service to
reach out fails here, so what was answered was answered without one."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from typing import Any

import httpx

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1

_TEXTS = (
    "Die alte Brücke wird im Mai saniert. Der Stadtrat hat das am Montag beschlossen.",
    "The old bridge will be renovated in May. The city council decided that on Monday.",
    "Nein.",
)


def raise_loopback() -> None:
    """It is there in a new namespace, but down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        [flags] = struct.unpack_from("h", fcntl.ioctl(any_socket, _GET_FLAGS, request), 16)
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def reached() -> list[str]:
    """What of the world outside answers: nothing, or the test proves nothing."""
    found = []
    for address in ("192.0.2.1", "1.1.1.1"):
        try:
            socket.create_connection((address, 443), timeout=2).close()
            found.append(address)
        except OSError:
            pass
    try:
        socket.getaddrinfo("huggingface.co", 443)
        found.append("huggingface.co")
    except OSError:
        pass
    return found


def run_once() -> dict[str, Any]:
    """One life of the server: the pairs it advertises, and what each request was answered."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    welcome = process.stdout.readline()
    assert welcome, "the server left before it was ready"
    statuses: dict[str, int] = {}
    with httpx.Client(base_url=welcome.split()[3], timeout=60, trust_env=False) as client:
        for path in ("/readyz", "/", "/docs", "/openapi.json", "/v1/models"):
            statuses[path] = client.get(path).status_code
        advertised = client.get("/v1/languages").json()["languages"]
        pairs = [(each["code"], target) for each in advertised for target in each["targets"]]
        for source, target in pairs:
            for number, text in enumerate((*_TEXTS, *_TEXTS)):
                body = {"text": text, "source": source, "target": target}
                answer = client.post("/v1/digest", json=body)
                statuses[f"{source}-{target} {number}"] = answer.status_code
        for form in ("html", "page"):
            marked = {"text": f"<p>{_TEXTS[0]}</p>", "format": form}
            statuses[form] = client.post("/v1/digest", json=marked).status_code
        statuses["detect"] = client.post("/v1/detect", json={"text": _TEXTS[1]}).status_code
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)
    process.stdout.close()
    return {"pairs": pairs, "statuses": statuses, "exit": code}


def pull() -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "service", "models", "pull", "opus-mt-de-en"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        check=False,
    )
    return done.returncode, done.stderr


def main() -> None:
    raise_loopback()
    outside = reached()
    lives = [run_once(), run_once()]
    code, said = pull()
    print(json.dumps({"outside": outside, "lives": lives, "pull": {"exit": code, "said": said}}))


if __name__ == "__main__":
    main()
