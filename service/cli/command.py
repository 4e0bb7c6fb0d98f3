"""The commands and their arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from service.cli.batch import add_batch_parser
from service.cli.digest import add_digest_parsers
from service.cli.evaluate import add_evaluate_parser
from service.cli.exit_codes import ExitCode
from service.cli.jobs import add_jobs_parser
from service.cli.keys import add_keys_parser
from service.cli.models import add_models_parser
from service.cli.serve import add_serve_parser
from service.errors import ServiceError
from service.settings import read_settings
from service.version import service_version


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
    add_serve_parser(subparsers)
    add_digest_parsers(subparsers)
    add_batch_parser(subparsers)
    add_models_parser(subparsers)
    add_keys_parser(subparsers)
    add_jobs_parser(subparsers)
    add_evaluate_parser(subparsers)
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
