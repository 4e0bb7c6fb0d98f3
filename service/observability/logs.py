"""One JSON object a line on stderr, whoever logs. Our own callers pass facts as `extra={"facts":
{...}}`; article text, keys, paths and stack traces have no way in."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

_OURS = "kurzfassung"


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.partition(".")[0] == _OURS
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            # A foreign message may quote what a library worked on: only its wording counts.
            "event": record.getMessage() if ours else str(record.msg).partition("\n")[0],
        }
        if not ours:
            line["logger"] = record.name
        facts = getattr(record, "facts", None)
        if isinstance(facts, dict):
            line.update(facts)
        if record.exc_info and record.exc_info[0] is not None:
            # The message of a foreign exception may quote the input, so only its class and place.
            line["exception"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                line["at"] = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str) -> None:
    """Everything this process logs goes to stderr: our own events from `level` on, those of the
    libraries from "warning" on, Python's warnings among them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level.upper())
    warnings.showwarning = _log_warning


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
