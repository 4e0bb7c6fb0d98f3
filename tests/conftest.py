"""What every test may count on: a data folder of the run's own, and a PostgreSQL where one is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import PostgresCluster


@pytest.fixture(scope="session", autouse=True)
def _own_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server started by a test must not do the jobs that wait in the home of whoever runs it."""
    before = os.environ.get("KURZFASSUNG_DATA_DIR")
    os.environ["KURZFASSUNG_DATA_DIR"] = str(tmp_path_factory.mktemp("data"))
    yield
    if before is None:
        del os.environ["KURZFASSUNG_DATA_DIR"]
    else:
        os.environ["KURZFASSUNG_DATA_DIR"] = before


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    if PostgresCluster.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(PostgresCluster.missing())
    with PostgresCluster.running() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database of the test's own; empty: a file in the data folder."""
    if request.param == "sqlite":
        return ""
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.new_database()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
