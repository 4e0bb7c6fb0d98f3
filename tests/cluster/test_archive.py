"""An archive on a real Ray cluster."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.cluster import ROOT, Cluster

pytestmark = pytest.mark.timeout(400)

COUNT = 10_000


def archive(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = f"Der Stadtrat will die Brücke Nummer {number} sanieren. Die Arbeiten beginnen im Mai."
            file.write(json.dumps({"id": f"a{number}", "text": text, "source": "de"}) + "\n")
    return path


def begin(
    cluster: Cluster, source: Path, output: Path, address: str = "", **environment: str
) -> subprocess.Popen[str]:
    """On the head, with the stub engine, whatever the service on the cluster has."""
    address = address or cluster.address
    command = [sys.executable, "-m", "service", "batch", source, output, "--ray", address]
    return subprocess.Popen(
        cluster.head.command(*command, "--shard-lines", "250", "--json"),
        cwd=ROOT,
        env={**cluster.environment, "KURZFASSUNG_PROFILE": "stub", **environment},
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


def test_a_killed_run_goes_on_with_the_shards_that_are_missing(cluster: Cluster, tmp_path: Path) -> None:
    source, output = archive(tmp_path / "in.jsonl", 3_000), tmp_path / "out.jsonl"
    process = begin(cluster, source, output)
    until(lambda: len(shards(output)) >= 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    kept = shards(output)
    assert 2 <= len(kept) < 12
    again = begin(cluster, source, output)
    said = again.communicate(timeout=200)
    assert again.returncode == 0, said
    assert f"{len(kept)} of 12 shards are done" in said[1]
    assert identities(output) == [f"a{number}" for number in range(3_000)]


def test_ten_thousand_articles_are_answered_once_each_though_a_worker_node_dies(
    cluster: Cluster, tmp_path: Path
) -> None:
    source, output = archive(tmp_path / "in.jsonl", COUNT), tmp_path / "out.jsonl"
    process = begin(cluster, source, output)
    until(lambda: len(shards(output)) >= 10)
    dead = cluster.take_worker()
    dead.host.power_off()
    done = len(shards(output))
    said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    cluster.add_worker(dead.cores)
    assert done < 40
    assert json.loads(said[0]) == {"lines": COUNT, "already_done": 0, "failed": 0}
    made = identities(output)
    assert len(made) == len(set(made)) == COUNT
    assert made == [f"a{number}" for number in range(COUNT)]
    print(f"{len(set(made))} unique lines, node killed after {done} of 40 shards")


def test_no_cluster_is_told_in_one_line(cluster: Cluster, tmp_path: Path) -> None:
    source = archive(tmp_path / "in.jsonl", 1)
    process = begin(cluster, source, tmp_path / "out.jsonl", address="127.0.0.1:9")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "No Ray cluster answers" in told
    assert "Traceback" not in told


def test_a_cluster_whose_token_is_missing_is_told_in_one_line(cluster: Cluster, tmp_path: Path) -> None:
    source = archive(tmp_path / "in.jsonl", 1)
    process = begin(cluster, source, tmp_path / "out.jsonl", HOME=str(tmp_path))
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "wants a token" in told
    assert "Traceback" not in told
