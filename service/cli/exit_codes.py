"""What the command returns to the shell."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    """The work failed, or part of a batch did."""
    USAGE = 2
    """The command was called wrongly, or its input cannot be read."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""
