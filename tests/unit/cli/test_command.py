"""Only what a command needs is loaded for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMANDS = ("serve", "digest", "translate", "summarize", "batch", "models", "keys", "jobs", "evaluate")


def said(*arguments: str) -> str:
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False).stdout


@pytest.mark.parametrize(
    "arguments", [["--version"], ["keys", "--help"], ["--profile", "stub", "models", "--help"]]
)
def test_what_needs_no_web_framework_does_not_load_one(arguments: list[str]) -> None:
    code = f"""
import sys
from service.__main__ import main
try:
    main({arguments})
except SystemExit as end:
    assert not end.code
print(sorted({{"fastapi", "uvicorn", "ctranslate2"}} & sys.modules.keys()))
"""
    made = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True
    )
    assert made.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [["--help"], ["-h", "keys"]])
def test_help_names_every_command(arguments: list[str]) -> None:
    words = said(*arguments).split()
    assert all(command in words for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_found_behind_the_profile(command: str) -> None:
    assert f"kurzfassung {command}" in said("--profile", "stub", command, "--help")
