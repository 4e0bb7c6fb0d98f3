"""Rates that several processes share through a real Redis."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.errors import SettingInvalid
from service.keys.bucket import WINDOW_SECONDS
from service.keys.key import Limits
from service.keys.shared import shared_buckets
from tests.integration.conftest import serving
from tests.keys import key_store

REDIS = shutil.which("redis-server")

pytestmark = pytest.mark.skipif(
    REDIS is None and os.environ.get("CI") != "true", reason="redis-server is not installed"
)

TEXT = "Der Rat will die Brücke sanieren. "


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """On a socket of its own, where nobody else's Redis can be."""
    path = folder / "redis.sock"
    assert REDIS is not None, "redis-server is not installed"
    process = subprocess.Popen(
        [
            REDIS,
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--daemonize",
            "no",
            "--dir",
            str(folder),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: path.exists() and answers(path))
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.wait(10)


def answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_the_arithmetic_is_that_of_one_process(tmp_path: Path) -> None:
    with redis(tmp_path) as url:
        one, other = shared_buckets(url, "closed"), shared_buckets(url, "closed")
        first = await one.take("a", 600, 600, 1000)
        assert (first.allowed, first.remains) == (True, 400)
        refused = await other.take("a", 600, 600, 1000)
        assert not refused.allowed
        assert 400 <= refused.remains < 600
        assert refused.wait == pytest.approx((600 - refused.remains) / 1000 * WINDOW_SECONDS, abs=0.2)
        assert (await other.take("b", 5000, 1000, 1000)).allowed
        owed = await one.take("b", 1, 1, 1000)
        assert not owed.allowed
        assert owed.wait == pytest.approx(4001 / 1000 * WINDOW_SECONDS, abs=5)
        assert (await one.take("b", -5000, -(10**15), 1000)).remains == 1000
        await one.close()
        await other.close()


def test_two_services_share_a_rate_and_while_redis_is_away_each_limits_for_itself(tmp_path: Path) -> None:
    store = key_store(tmp_path)
    headers = {"Authorization": f"Bearer {store.create('Web', ['translate'], Limits(rate=1000))[1]}"}

    def translate(service: httpx.Client) -> httpx.Response:
        return service.post("/v1/translate", json={"text": TEXT * 18, "source": "de"}, headers=headers)

    with (
        redis(tmp_path) as url,
        serving(data_dir=tmp_path, redis_url=url) as one,
        serving(data_dir=tmp_path, redis_url=url) as other,
    ):
        assert translate(one).status_code == 200
        assert translate(other).status_code == 429
    with (
        serving(data_dir=tmp_path, redis_url=url) as one,
        serving(data_dir=tmp_path, redis_url=url, redis_down="closed") as other,
    ):
        assert [translate(one).status_code for _ in range(2)] == [200, 429]
        refused = translate(other)
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert other.get("/readyz").status_code == 200


def test_what_is_no_url_of_redis_stops_the_start() -> None:
    with pytest.raises(SettingInvalid, match="REDIS_URL"):
        shared_buckets("http://127.0.0.1", "open")
