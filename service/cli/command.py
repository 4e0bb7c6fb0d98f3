"""The commands and their arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from service.cli.exit_codes import ExitCode
from service.errors import ServiceError
from service.settings import read_settings
from service.version import service_version

_MODULES = {
    "serve": "serve",
    "digest": "digest",
    "translate": "digest",
    "summarize": "digest",
    "batch": "batch",
    "models": "models",
    "keys": "keys",
    "jobs": "jobs",
    "evaluate": "evaluate",
}
"""Whose `add_parsers` knows each command. All of them together load the web framework and every engine's
wrapper, a second's work, so that only the one that is asked for is loaded."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code. Failures we know are one line on standard error."""
    parser = argparse.ArgumentParser(
        prog="kurzfassung",
        description="German article in; English translation and a short summary out.",
        epilog="Settings come from the environment (KURZFASSUNG_*); service/settings.py explains each.",
    )
    parser.add_argument("--version", action="version", version=f"kurzfassung {service_version()}")
    parser.add_argument("--profile", help="which models to use (KURZFASSUNG_PROFILE)")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in _asked(arguments):
        import_module(f"service.cli.{module}").add_parsers(subparsers)
    parsed = parser.parse_args(arguments)
    try:
        settings = read_settings()
        if parsed.profile:
            settings = settings.model_copy(update={"profile": parsed.profile})
        return int(parsed.run(parsed, settings))
    except ServiceError as error:
        print(f"kurzfassung: {error.message}", file=sys.stderr)
        return ExitCode.FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; nothing more to say to it
        return ExitCode.OK
    except OSError as error:  # a full disk, an output that cannot be written
        where = f"{error.filename}: " if error.filename else ""
        print(f"kurzfassung: {where}{error.strerror or error}", file=sys.stderr)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _asked(arguments: Sequence[str] | None) -> list[str]:
    """The module of the command, or of all where help or a message about a wrong one has to name them."""
    beginning = argparse.ArgumentParser(prog="kurzfassung", add_help=False)
    beginning.add_argument("-h", "--help", action="store_true")
    beginning.add_argument("--version", action="store_true")
    beginning.add_argument("--profile", nargs="?")
    beginning.add_argument("command", nargs=argparse.REMAINDER)
    asked = beginning.parse_known_args(arguments)[0]
    if asked.version and not asked.help:
        return []
    if asked.command and asked.command[0] in _MODULES and not asked.help:
        return [_MODULES[asked.command[0]]]
    return list(dict.fromkeys(_MODULES.values()))
