"""`kurzfassung batch --processes`: an archive shared out among several processes, as a shell sees it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.cli.test_commands import (
    command,
    environment,
    lines,
    read_lines,
    run,
    write_lines,
)


def in_processes(
    source: Path, output: Path, *options: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    return run("batch", str(source), str(output), "--processes", "2", *options, **settings)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begin(source: Path, output: Path, shards: int) -> subprocess.Popen[bytes]:
    """Until so many shards are done. Its own group: a kill takes its processes along."""
    arguments = ("batch", str(source), str(output), "--processes", "2", "--shard-lines", "50")
    process = subprocess.Popen(
        command(*arguments), stderr=subprocess.PIPE, env=environment(), start_new_session=True
    )
    folder = output.with_name(output.name + ".shards")
    until(lambda: len(list(folder.glob("0*.jsonl"))) >= shards)
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)


def finished(output: Path) -> dict[str, int]:
    """The shards that are done, and when they were written."""
    folder = output.with_name(output.name + ".shards")
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("0*.jsonl")}


def test_several_processes_write_what_one_writes_byte_for_byte(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("w", encoding="utf-8-sig") as file:  # with a byte order mark
        for number, line in enumerate(lines(30)):
            if number % 7 == 0:
                file.write("\n   \n")
            if number % 3 == 0:
                del line["id"]
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.write('{"id": "kaputt"\n{"id": "leer", "text": ""}')  # and no end of line
    alone, shared = tmp_path / "alone.jsonl", tmp_path / "shared.jsonl"
    assert run("batch", str(source), str(alone)).returncode == 1
    done = in_processes(source, shared, "--shard-lines", "4", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"lines": 32, "already_done": 0, "failed": 2}
    assert without_times(shared) == without_times(alone)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.jsonl", "in.jsonl", "shared.jsonl"]


def without_times(path: Path) -> list[dict[str, Any]]:
    made = read_lines(path)
    for each in made:
        each.get("result", {}).pop("timing", None)
    return made


def test_a_killed_run_keeps_its_finished_shards_and_goes_on_with_the_others(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", lines(1000)), tmp_path / "out.jsonl"
    kill(begin(source, output, shards=3))
    before = finished(output)
    assert 3 <= len(before) < 20
    kill(begin(source, output, shards=len(before) + 2))
    kept = finished(output)
    assert before.items() <= kept.items()
    done = in_processes(source, output, "--shard-lines", "50")
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} of 20 shards are done" in done.stderr
    assert [each["id"] for each in read_lines(output)] == [f"a{number}" for number in range(1000)]
    assert not output.with_name("out.jsonl.shards").exists()


def test_a_killed_process_is_told_and_costs_no_finished_shard(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", lines(1500)), tmp_path / "out.jsonl"
    process = begin(source, output, shards=1)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    workers = [int(child) for child in children if is_worker(int(child))]
    os.kill(workers[0], signal.SIGKILL)
    said = process.communicate(timeout=40)[1].decode()
    assert process.returncode == 1
    assert "A process died" in said
    assert "Traceback" not in said
    assert finished(output)
    assert in_processes(source, output, "--shard-lines", "50").returncode == 0
    assert [each["id"] for each in read_lines(output)] == [f"a{number}" for number in range(1500)]


def is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_what_one_process_has_done_is_not_done_again(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", lines(40)), tmp_path / "out.jsonl"
    first = write_lines(tmp_path / "first.jsonl", lines(15))
    assert run("batch", str(first), str(output)).returncode == 0
    before = output.read_bytes()
    done = in_processes(source, output, "--shard-lines", "10")
    assert done.returncode == 0, done.stderr
    assert "going on after 15 of 40 lines" in done.stderr
    assert output.read_bytes().startswith(before)
    assert [each["id"] for each in read_lines(output)] == [f"a{number}" for number in range(40)]


def test_unfinished_shards_are_mixed_with_nothing_else(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", lines(1000)), tmp_path / "out.jsonl"
    kill(begin(source, output, shards=1))
    before = finished(output)
    other = in_processes(source, output, "--shard-lines", "50", "--task", "translate")
    plain = run("batch", str(source), str(output))
    assert (other.returncode, plain.returncode) == (2, 2)
    assert "--overwrite" in other.stderr
    assert "--processes" in plain.stderr
    assert finished(output) == before
    few = write_lines(source, lines(3))
    assert in_processes(few, output, "--overwrite").returncode == 0
    assert len(read_lines(output)) == 3


def test_models_that_do_not_load_are_told_in_one_place_without_a_stack_trace(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", lines(3)), tmp_path / "out.jsonl"
    done = in_processes(source, output, KURZFASSUNG_PROFILE="light", KURZFASSUNG_MODELS_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "opus-mt-de-en" in done.stderr
    assert "Traceback" not in done.stderr
