"""A real server on loopback with stub engines."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from service.app import create_app
from service.backends.stub import StubBackend
from service.cli.serve import bind
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings

ARTICLES = Path(__file__).parents[1] / "articles"
SEED = Path(__file__).parents[2] / "../shared/articles/seed-nordkorea-russland.txt"

START_SECONDS = 20


def stub_models(
    *,
    gate: Callable[[Sequence[str]], None] = lambda _: None,
    decode: Callable[[str], str] | None = None,
    summarizer: bool = False,
    seconds_per_token: float = 0.0,
) -> ModelSet:
    catalogue = Catalogue.read()

    def load(name: str) -> LoadedModel:
        config = catalogue.model(name)
        backend = StubBackend(config, gate=gate, decode=decode, seconds_per_token=seconds_per_token)
        return LoadedModel(config, backend, "0" * 40)

    return ModelSet(
        profile="stub",
        translators=[load("stub")],
        summarizers=[load("stub-summarizer")] if summarizer else [],
    )


@contextmanager
def serving(
    models: ModelSet | None = None, *, ready: bool = True, **settings: object
) -> Iterator[httpx.Client]:
    """A client of a running service, whose data is its own unless `data_dir` says otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _serving(models, ready, {"data_dir": Path(folder), **settings})


def _serving(models: ModelSet | None, ready: bool, settings: dict[str, object]) -> Iterator[httpx.Client]:
    app = create_app(Settings(**settings), models=models or stub_models())  # type: ignore[arg-type]  # checked by Settings
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
    with bind("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            wait_until(client, "/readyz" if ready else "/livez")
            yield client
        server.should_exit = True
        thread.join(timeout=START_SECONDS)
        assert not thread.is_alive(), "the server does not stop"


def wait_until(client: httpx.Client, path: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get(path).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"{path} never turned 200")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client
