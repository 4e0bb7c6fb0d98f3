"""Whatever a library logs, a line of our log is JSON and quotes nothing."""

import json
import subprocess
import sys

SCRIPT = """
import asyncio, gc, logging, warnings
from service.observability.logs import set_up_logging

set_up_logging("info")
logging.getLogger("kurzfassung.access").info("request", extra={"facts": {"status": 200}})
logging.getLogger("uvicorn.error").info("not worth a line")
try:
    raise ValueError("Geheimer Artikel")
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    logging.getLogger("kurzfassung").exception("start-up failed")
logging.getLogger("library").error("cannot read %r", "Geheimer Artikel")
logging.getLogger("library").error("cannot read %d", "Geheimer Artikel")
warnings.warn("Geheimer Artikel")


async def forget():
    async def fail():
        raise ValueError("Geheimer Artikel")

    asyncio.ensure_future(fail())
    await asyncio.sleep(0.01)


asyncio.run(forget())
gc.collect()
"""


def test_every_line_is_json_whoever_logs_and_none_quotes_text_or_a_path() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=30, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "request",
        "Exception in ASGI application",
        "start-up failed",
        "cannot read %r",
        "cannot read %d",
        "a library warns",
        "Task exception was never retrieved",
    ]
    assert [line.get("logger") for line in lines] == [
        None,
        "uvicorn.error",
        None,
        "library",
        "library",
        None,
        "asyncio",
    ]
    assert lines[0]["status"] == 200
    assert {line["exception"] for line in lines if "exception" in line} == {"ValueError"}
    assert lines[5]["category"] == "UserWarning"
    assert "Geheimer" not in done.stderr
    assert "/" not in done.stderr
