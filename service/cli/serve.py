"""`kurzfassung serve`: the HTTP service, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys

from service.api.state import ServiceState
from service.app import create_app
from service.cli.exit_codes import ExitCode
from service.cli.server import DrainingServer
from service.cli.whole_number import whole_number
from service.observability.logs import set_up_logging
from service.observability.tracing import export_spans
from service.pipeline.models import ModelSet
from service.settings import Settings, trace_exporter
from service.version import service_version

_EXAMPLE = "Der Stadtrat will die alte Brücke sanieren. Die Arbeiten beginnen im Mai und dauern drei Monate."


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("serve", help="start the HTTP service")
    parser.add_argument("--host", help="address to listen on (KURZFASSUNG_HOST)")
    parser.add_argument("--port", type=whole_number(0, 65535), help="port to listen on (KURZFASSUNG_PORT)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    given = {"host": arguments.host, "port": arguments.port}
    settings = settings.model_copy(update={key: value for key, value in given.items() if value is not None})
    exporter = trace_exporter()
    stop_exporting = export_spans(exporter, service_version()) if exporter else lambda: None
    set_up_logging(settings.log_level)
    try:
        bound = bind(settings.host, settings.port)
    except OSError as error:
        print(
            f"kurzfassung: cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Set KURZFASSUNG_PORT or --port to a free one.",
            file=sys.stderr,
        )
        return ExitCode.FAILED
    failed = serve(settings, bound)
    stop_exporting()
    return ExitCode.FAILED if failed else ExitCode.OK


def serve(settings: Settings, bound: socket.socket, *, models: ModelSet | None = None) -> bool:
    """Until SIGTERM, or until the service fails: whether it did. Does not return from an engine that hangs:
    its thread cannot be stopped, so the process ends here, with status 1. `models` as in `create_app`."""
    address = _url(settings.host, bound.getsockname()[1])
    failed = hung = False

    def phase_changed(state: ServiceState) -> None:
        nonlocal failed, hung
        if state.phase == "failed":
            failed = True
            hung = state.engine == "hung"
            server.should_exit = True
        else:
            _welcome(address, state)

    app = create_app(settings, models=models, on_phase=phase_changed)
    server = DrainingServer(app, drain_seconds=settings.drain_seconds)
    # uvicorn drains on SIGTERM and then raises it once more; draining is not a failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    server.run(sockets=[bound])
    if hung:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(ExitCode.FAILED)
    return failed


def bind(host: str, port: int) -> socket.socket:
    """Bound and not yet listening: a connection is refused until the server runs. Raises `OSError` where the
    address cannot be had."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio does so only for sockets whose protocol is named, which this leaves to the system. Without
        # it an answer's body waits 40 ms for its head to be acknowledged.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 -- compared, not bound
    return f"http://{shown}:{port}"


def _welcome(address: str, state: ServiceState) -> None:
    pipeline = state.pipeline
    print(f"Kurzfassung is ready: {address}  (profile {pipeline.models.profile}, documentation at /docs)")
    print("Open it in a browser, or call it.")
    if any(model.config.demonstration for model in pipeline.models.loaded):
        print("NOTE: a demonstration model is in use. It shows that the path works; its English is not")
        print("      fit for use. `make models` fetches the real models.")
    print("Try it:\n")
    print(f"  curl {address}/v1/digest -H 'Content-Type: text/plain' --data-binary '{_EXAMPLE}'\n")
    print("or with a file:\n")
    print(
        f"  curl {address}/v1/digest -H 'Content-Type: text/plain' --data-binary @article.txt\n", flush=True
    )
