"""On what it was measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

LOAD = "load average when it began"
QUIET = 1.2
"""Load above which other work was going on: the average still holds the minute before."""

_LIBRARIES = "ctranslate2 sentencepiece torch transformers fastapi uvicorn".split()


def describe() -> dict[str, str]:
    """Hardware, versions, and how busy it was: the load average before it began."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    cores = len(os.sched_getaffinity(0))
    return {
        "processor": processor[1] if processor else platform.machine(),
        "cores": str(cores),
        "memory": f"{int(memory[1]) / 2**20:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{each} {version(each)}" for each in _LIBRARIES),
        "commit": _commit(),
        LOAD: f"{os.getloadavg()[0]:.1f}",
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
