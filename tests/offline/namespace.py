"""A command in a network namespace of its own, where nothing but loopback exists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "PYTHONPATH", "VIRTUAL_ENV")


def offline_session(home: Path, **settings: str) -> dict[str, Any]:
    """What `tests.offline.session` found inside. Its home is empty, so that nothing cached there helps.
    Where namespaces are not permitted the test is skipped, under CI it fails."""
    unshare = ["unshare", "--net", *(["--map-root-user"] if os.geteuid() else [])]
    if not _permitted(unshare):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("network namespaces not permitted")
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    done = subprocess.run(
        [*unshare, sys.executable, "-m", "tests.offline.session"],
        capture_output=True,
        text=True,
        timeout=150,
        cwd=_ROOT,
        env={**environment, **settings, "HOME": str(home), "PYTHONWARNINGS": "ignore"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _permitted(unshare: list[str]) -> bool:
    try:
        return (
            subprocess.run([*unshare, "true"], capture_output=True, timeout=20, check=False).returncode == 0
        )
    except OSError:
        return False
