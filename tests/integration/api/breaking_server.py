"""The real server with an engine and a middleware that break on command and quote, as libraries do, what they
were given: `python -m tests.integration.api.breaking_server`."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from service.app import create_app
from service.backends.stub import StubBackend
from service.cli.serve import bind
from service.cli.server import DrainingServer
from service.model_store.catalogue import Catalogue
from service.observability.logs import set_up_logging
from service.observability.tracing import export_spans
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import read_settings, trace_exporter

RAISE, EXIT, KILL, WAIT, COUNT, OUTSIDE = "Ausnahme", "Ausstieg", "Abbruch", "Geduld", "Zählung", "draussen"


class Killed(BaseException):
    pass


class Breaking(StubBackend):
    def count_tokens(self, source: str) -> int:
        if COUNT in source:
            raise ValueError(f"cannot count {source}")
        return super().count_tokens(source)


def gate(sources: Sequence[str]) -> None:
    text = " ".join(sources)
    if RAISE in text:
        raise ValueError(f"cannot read {text}")
    if EXIT in text:
        raise SystemExit(f"leaving because of {text}")
    if KILL in text:
        raise Killed(text)
    if WAIT in text:
        time.sleep(0.3)


class Outside:
    """Breaks before, or after, everything of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and OUTSIDE.encode() in scope.get("query_string", b""):
            raise RuntimeError(f"cannot handle {scope} {await receive()}")
        await self._app(scope, receive, send)


def models() -> ModelSet:
    catalogue = Catalogue.read()
    translation, summary = catalogue.model("stub"), catalogue.model("stub-summarizer")
    return ModelSet(
        profile="stub",
        translators=[LoadedModel(translation, Breaking(translation, gate=gate), "")],
        summarizers=[LoadedModel(summary, StubBackend(summary, fail_on="Zusammen"), "")],
    )


def main() -> None:
    exporter = trace_exporter()
    stop_exporting = export_spans(exporter, "0") if exporter else lambda: None
    settings = read_settings()
    set_up_logging(settings.log_level)
    with bind("127.0.0.1", 0) as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        app = create_app(settings, models=models(), on_phase=lambda _: print(address, flush=True))
        app.add_middleware(Outside)
        signal.signal(signal.SIGTERM, lambda *_: None)  # as `serve` has it
        DrainingServer(app, drain_seconds=5).run(sockets=[bound])
    stop_exporting()


if __name__ == "__main__":
    main()
