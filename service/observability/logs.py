"""One JSON object a line on stderr, whoever logs. Our own callers pass facts as `extra={"facts":
{...}}`; article text, keys, paths and stack traces have no way in. Within a request every line carries its
`request_id` and `trace_id`, because the middleware binds them with `structlog.contextvars`."""

from __future__ import annotations

import copy
import logging
import sys
import warnings
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

_OURS = "kurzfassung"


def set_up_logging(level: str) -> None:
    """Everything this process logs goes to stderr: our own events from `level` on, those of the
    libraries from "warning" on, Python's warnings among them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(json_lines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level.upper())
    warnings.showwarning = _log_warning


def json_lines() -> logging.Formatter:
    return _WordingOnly(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.stdlib.add_log_level,
            _facts,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )


class _WordingOnly(structlog.stdlib.ProcessorFormatter):
    """Of a foreign message only its wording: what would be filled in may quote what the library worked on."""

    def format(self, record: logging.LogRecord) -> str:
        if _is_foreign(record):
            record = copy.copy(record)
            record.msg, record.args = str(record.msg).partition("\n")[0], ()
        return super().format(record)


def _is_foreign(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] != _OURS


def _facts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What our own callers tell, and of an exception its class and place; its message may quote the input."""
    record: logging.LogRecord = event["_record"]
    if _is_foreign(record):
        event["logger"] = record.name
    event.update(getattr(record, "facts", {}))
    kind, _, trace = event.pop("exc_info", None) or (None, None, None)
    if kind is not None:
        event["exception"] = kind.__name__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            event["at"] = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
    return event


def _log_warning(
    message: Warning | str,  # noqa: ARG001 -- it may quote what the library worked on
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 -- the interface of `warnings.showwarning`
    line: str | None = None,  # noqa: ARG001 -- as above
) -> None:
    facts = {"category": category.__name__, "at": f"{Path(filename).stem}:{lineno}"}
    logging.getLogger(_OURS).warning("a library warns", extra={"facts": facts})
