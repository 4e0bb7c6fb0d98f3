"""`kurzfassung keys`, as a shell sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.keys.following import FollowedFile
from service.keys.ring import KeyRing
from tests.keys import key_store


def keys(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", "keys", *arguments],
        env={**os.environ, "KURZFASSUNG_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_key_is_made_shown_once_listed_rotated_and_revoked(tmp_path: Path) -> None:
    wanted = "--scopes translate,summarize --rate 6000 --quota 90000 --concurrency 4 --expires 90d"
    made = keys(tmp_path, "create", "Redaktion", *wanted.split())
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert "not shown again" in made.stderr
    assert "nobody without a key" in made.stderr
    ring = KeyRing(key_store(tmp_path), FollowedFile(tmp_path / "keys.sqlite"))
    key = ring.known(secret)
    assert (key.limits.rate, key.limits.quota, key.limits.concurrency) == (6000, 90000, 4)

    second = keys(tmp_path, "create", "Sport", "--json")
    assert "nobody" not in second.stderr
    assert ring.known(json.loads(second.stdout)["key"]).name == "Sport"

    listed = keys(tmp_path, "list")
    assert [line.split()[1] for line in listed.stdout.splitlines()] == ["name", "Redaktion", "Sport"]
    shown = json.loads(keys(tmp_path, "show", "Redaktion", "--json").stdout)
    assert shown["id"] == key.id
    assert shown["state"] == "valid"
    assert shown["scopes"] == ["translate", "summarize"]

    newer = keys(tmp_path, "rotate", key.id).stdout.strip()
    assert ring.known(newer).id == key.id
    assert keys(tmp_path, "revoke", "Redaktion").returncode == 0
    assert [each["state"] for each in json.loads(keys(tmp_path, "list", "--json").stdout)] == [
        "revoked",
        "valid",
    ]
    for output in (
        listed.stdout,
        keys(tmp_path, "list", "--json").stdout,
        keys(tmp_path, "show", key.id).stdout,
    ):
        assert secret.rpartition("_")[2] not in output
    assert keys(tmp_path, "rotate", "Redaktion").returncode == 2
    ring.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["revoke", "nobody"], "no key of that id or name"),
        (["create", "x", "--scopes", "everything"], "Scopes are some of translate"),
        (["create", "x", "--expires", "2020-01-01"], "over already"),
        (["create", "x", "--expires", "soon"], "a date like"),
        (["create", "x", "--rate", "-1"], "--rate"),
        (["create", " "], "printable"),
    ],
)
def test_wrong_usage_is_said_in_a_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = keys(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert keys(tmp_path / "data", "list").returncode == 0
    assert not (tmp_path / "data").exists()
