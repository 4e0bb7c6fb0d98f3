"""`docker/compose.yaml` as docker-compose reads it; no engine runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path(__file__).parents[1] / "docker" / "compose.yaml"


def composed(**environment: str) -> dict[str, Any]:
    """The whole file, the profile `monitoring` too, with these variables set."""
    done = subprocess.run(
        ["docker-compose", "-f", COMPOSE, "--profile", "monitoring", "config"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = yaml.safe_load(done.stdout)
    return read
