"""Closed-loop clients, each waiting for its answer before it asks again, in a process of their own, so that
what they cost can be told from what the server costs."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlsplit

_PATIENCE = 600.0
"""Seconds until a client gives up, which ends the measurement with an error."""


@dataclass(frozen=True)
class Load:
    """What clients saw. `latencies` are seconds by request, `seconds` from the first request to the last
    answer, `cpu_seconds` those of the clients themselves."""

    latencies: list[float]
    seconds: float
    cpu_seconds: float


def drive(address: str, path: str, bodies: Sequence[dict[str, Any]], clients: int) -> Load:
    """Every body once. Raises `RuntimeError` for any answer but 200."""
    return drive_in_parts(address, path, [[body] for body in bodies], clients)


def drive_in_parts(address: str, path: str, bodies: Sequence[list[dict[str, Any]]], clients: int) -> Load:
    """The same where a request has several parts, sent one after the other by the same client."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(_drive, address, path, list(bodies), clients).result()


def _drive(address: str, path: str, bodies: list[list[dict[str, Any]]], clients: int) -> Load:
    requests = iter([[json.dumps(part).encode() for part in parts] for parts in bodies])
    host = urlsplit(address).netloc
    latencies: list[float] = []
    failures: list[BaseException] = []
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection(host, timeout=_PATIENCE)
        try:
            while not failures:
                with lock:
                    parts = next(requests, None)
                if parts is None:
                    return
                started = time.perf_counter()
                for body in parts:
                    connection.request("POST", path, body, {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    said = answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"{path} answered {answer.status}: {said[:200]!r}")
                latencies.append(time.perf_counter() - started)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    cpu, started = time.process_time(), time.perf_counter()
    _together(client, clients)
    load = Load(latencies, time.perf_counter() - started, time.process_time() - cpu)
    if failures:
        raise failures[0]
    return load


def _together(client: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
