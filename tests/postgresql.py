"""A real PostgreSQL for the tests: a throwaway cluster on a Unix socket, run by an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_START_SECONDS = 60
_USER = "kurz"


def _programs() -> Path | None:
    """Debian puts them beside the path."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


@dataclass
class PostgresCluster:
    programs: Path
    folder: Path
    account: Mapping[str, Any]
    process: subprocess.Popen[bytes] | None = None
    databases: list[str] = field(default_factory=list)

    @staticmethod
    def missing() -> str:
        """What keeps it from running here, in words."""
        if find_spec("psycopg") is None:
            return "missing: psycopg (the extra `postgres`)"
        return "" if _programs() else "missing: PostgreSQL (apt-get install postgresql)"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[PostgresCluster]:
        programs = _programs()
        assert programs is not None
        account: dict[str, Any] = {}
        folder = Path(tempfile.mkdtemp(prefix="kurz-pg-"))
        if os.getuid() == 0:  # PostgreSQL refuses to be run by root
            user = pwd.getpwnam("nobody")
            account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        cluster = cls(programs, folder, account)
        try:
            cluster._run("initdb", "-D", "db", "-U", _USER, "-A", "trust", "--no-sync", "-E", "UTF8")
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
            shutil.rmtree(folder)

    def start(self) -> None:
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"]
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", "db", "-k", self.folder, *options],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.account,
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._run("psql", "-h", self.folder, "-U", _USER, "-d", "postgres", "-c", "SELECT 1")
                return
            except subprocess.CalledProcessError:
                assert time.monotonic() < deadline, "PostgreSQL does not start"
                assert self.process.poll() is None, "PostgreSQL left"
                time.sleep(0.1)

    def stop(self) -> None:
        """At once, as in a crash."""
        if self.process is not None:
            self._run("pg_ctl", "stop", "-D", "db", "-m", "immediate")
            self.process.wait(_START_SECONDS)
            self.process = None

    def new_database(self) -> str:
        """The URL of an empty one."""
        name = f"test{len(self.databases)}"
        self.databases.append(name)
        self._run("psql", "-h", self.folder, "-U", _USER, "-d", "postgres", "-c", f"CREATE DATABASE {name}")
        return f"postgresql://{_USER}@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            check=True,
            timeout=_START_SECONDS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.account,
        )
