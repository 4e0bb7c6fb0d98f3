"""`kurzfassung keys`: who may use the service. A running one follows."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from service.cli.exit_codes import ExitCode
from service.cli.whole_number import whole_number
from service.errors import KeyUnknown, SettingInvalid
from service.keys.key import SCOPES, Key, Limits, month_of
from service.keys.store import KeyStore
from service.settings import Settings, listed
from service.stores import open_key_store

_MOST = 10**12

Command = Callable[[argparse.Namespace, KeyStore], None]


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("keys", help="who may use the service: make, list, rotate and revoke keys")
    commands = parser.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")

    command = commands.add_parser("create", help="make a key; the service is closed without one from then on")
    command.add_argument("name", metavar="NAME", help="whose it is; for you, in lists")
    command.add_argument(
        "--scopes",
        default="translate,summarize,glossaries,documents,jobs",
        help=f"comma-separated, of {', '.join(SCOPES)}; a digest needs translate and summarize "
        "(default: all but metrics)",
    )
    number = whole_number(0, _MOST)
    command.add_argument("--rate", type=number, default=0, help="source characters a minute; 0: no limit")
    command.add_argument("--quota", type=number, default=0, help="source characters a month; 0: no limit")
    command.add_argument("--concurrency", type=number, default=0, help="requests at once; 0: no limit")
    command.add_argument(
        "--expires", type=_expiry, metavar="WHEN", help="a date, 2027-01-31, or 90d from now"
    )
    _finish(command, _create)

    _finish(commands.add_parser("list", help="every key, and what it used this month"), _list)

    for name, run, text in (
        ("show", _show, "one key"),
        ("rotate", _rotate, "give a key a new secret; the old one is refused at once"),
        ("revoke", _revoke, "refuse a key from now on, for good"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("which", metavar="ID|NAME")
        _finish(command, run)


def _finish(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.add_argument("--json", action="store_true", help="for machines")

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        try:
            with closing(open_key_store(settings)) as store:
                command(arguments, store)
        except (KeyUnknown, SettingInvalid) as error:
            print(f"kurzfassung: {error.message}", file=sys.stderr)
            return ExitCode.USAGE
        return ExitCode.OK

    parser.set_defaults(run=run)


def _create(arguments: argparse.Namespace, store: KeyStore) -> None:
    limits = Limits(arguments.rate, arguments.quota, arguments.concurrency)
    first = not store.all()
    key, secret = store.create(arguments.name, listed(arguments.scopes), limits, arguments.expires)
    _tell_secret(key, secret, arguments)
    if first:
        print("From now on the service answers nobody without a key.", file=sys.stderr)


def _rotate(arguments: argparse.Namespace, store: KeyStore) -> None:
    _tell_secret(*store.rotate(arguments.which), arguments)


def _tell_secret(key: Key, secret: str, arguments: argparse.Namespace) -> None:
    """The key alone on standard output, so that a script can keep it."""
    if arguments.json:
        print(json.dumps({**_facts(key, 0), "key": secret}))
        return
    print(secret)
    print(f"This is {key.name!r} ({key.id}). It is not shown again.", file=sys.stderr)


def _list(arguments: argparse.Namespace, store: KeyStore) -> None:
    used = store.used(month_of(datetime.now(UTC)))
    rows = [_facts(key, used.get(key.id, 0)) for key in store.all()]
    if arguments.json:
        print(json.dumps(rows))
        return
    columns = ("id", "name", "state", "scopes", "used", "quota", "rate", "concurrency", "expires")
    table = [columns, *(tuple(_shown(row[column]) for column in columns) for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _show(arguments: argparse.Namespace, store: KeyStore) -> None:
    _tell(store.get(arguments.which), arguments, store)


def _revoke(arguments: argparse.Namespace, store: KeyStore) -> None:
    _tell(store.revoke(arguments.which), arguments, store)


def _tell(key: Key, arguments: argparse.Namespace, store: KeyStore) -> None:
    facts = _facts(key, store.used(month_of(datetime.now(UTC))).get(key.id, 0))
    if arguments.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        print(f"{name:12} {_shown(value)}")


def _facts(key: Key, used: int) -> dict[str, object]:
    def moment(when: datetime | None) -> str | None:
        return when.isoformat() if when else None

    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(datetime.now(UTC)),
        "scopes": [scope for scope in SCOPES if scope in key.scopes],
        "used": used,
        "quota": key.limits.quota,
        "rate": key.limits.rate,
        "concurrency": key.limits.concurrency,
        "created": moment(key.created),
        "expires": moment(key.expires),
        "revoked": moment(key.revoked),
    }


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "-" if value is None else str(value)


def _expiry(written: str) -> datetime:
    now = datetime.now(UTC).replace(microsecond=0)
    if days := re.fullmatch(r"(\d{1,5})d", written):
        return now + timedelta(days=int(days[1]))
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError("a date like 2027-01-31, or a number of days like 90d") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= now:
        raise argparse.ArgumentTypeError("that is over already")
    return moment
