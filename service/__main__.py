"""The `kurzfassung` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from service.cli.allocator import give_back_freed_memory


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command, by default that of the command line; returns the exit code."""
    if arguments is None and "serve" in sys.argv[1:]:
        give_back_freed_memory()
    from service.cli.command import run  # not before: the program would load everything twice

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
