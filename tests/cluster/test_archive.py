"""An archive on a real Ray cluster."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import ROOT, Cluster, cluster

pytestmark = pytest.mark.timeout(400)

COUNT = 10_000


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A head and two workers, with the stub engine."""
    with cluster(tmp_path_factory.mktemp("ray"), 1, 1, KURZFASSUNG_PROFILE="stub") as made:
        yield made


def archive(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = f"Der Stadtrat will die Brücke Nummer {number} sanieren. Die Arbeiten beginnen im Mai."
            file.write(json.dumps({"id": f"a{number}", "text": text, "source": "de"}) + "\n")
    return path


def begin(working: Cluster, source: Path, output: Path) -> subprocess.Popen[str]:
    arguments = ["-m", "service", "batch", source, output, "--ray", working.address, "--shard-lines", "250"]
    return subprocess.Popen(
        [sys.executable, *arguments, "--json"],
        cwd=ROOT,
        env=working.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def shards(output: Path) -> list[str]:
    return sorted(file.name for file in output.with_name(output.name + ".shards").glob("0*.jsonl"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def identities(output: Path) -> list[str]:
    with output.open(encoding="utf-8") as file:
        return [made["id"] for made in map(json.loads, file) if "result" in made]


def test_a_killed_run_goes_on_with_the_shards_that_are_missing(working: Cluster, tmp_path: Path) -> None:
    source, output = archive(tmp_path / "in.jsonl", 3_000), tmp_path / "out.jsonl"
    process = begin(working, source, output)
    until(lambda: len(shards(output)) >= 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    kept = shards(output)
    assert 2 <= len(kept) < 12
    again = begin(working, source, output)
    said = again.communicate(timeout=200)
    assert again.returncode == 0, said
    assert f"{len(kept)} of 12 shards are done" in said[1]
    assert identities(output) == [f"a{number}" for number in range(3_000)]


def test_ten_thousand_articles_are_answered_once_each_though_a_worker_node_dies(
    working: Cluster, tmp_path: Path
) -> None:
    source, output = archive(tmp_path / "in.jsonl", COUNT), tmp_path / "out.jsonl"
    process = begin(working, source, output)
    until(lambda: len(shards(output)) >= 10)
    working.kill_worker()
    done = len(shards(output))
    said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert done < 40
    assert json.loads(said[0]) == {"lines": COUNT, "already_done": 0, "failed": 0}
    made = identities(output)
    assert len(made) == len(set(made)) == COUNT
    assert made == [f"a{number}" for number in range(COUNT)]
    print(f"{len(set(made))} unique lines, node killed after {done} of 40 shards")


def test_no_cluster_is_told_in_one_line(working: Cluster, tmp_path: Path) -> None:
    source = archive(tmp_path / "in.jsonl", 1)
    command = [
        sys.executable,
        "-m",
        "service",
        "batch",
        source,
        tmp_path / "out.jsonl",
        "--ray",
        "127.0.0.1:9",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=working.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "No Ray cluster answers" in done.stderr
    assert "Traceback" not in done.stderr
