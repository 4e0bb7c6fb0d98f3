"""The `kurzfassung` command as a shell sees it, with the stub engine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

TEXT = (
    "Brücke wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben zwei Millionen Euro. "
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet.\n"
)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service", *arguments]


def environment(**settings: str) -> dict[str, str]:
    return {**os.environ, "KURZFASSUNG_PROFILE": "stub", "PYTHONWARNINGS": "ignore", **settings}


def run(*arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=50,
        env=environment(**settings),
        check=False,
    )


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "artikel.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_digest_prints_the_article_and_warns_on_standard_error(article: Path) -> None:
    done = run("digest", str(article), "--sentences", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("BRÜCKE WIRD SANIERT\n\nSUMMARY (extract)\n\n")
    assert TEXT.upper().strip() in done.stdout
    assert "warning: demonstration_model" in done.stderr


def test_a_dash_reads_standard_input_and_json_is_the_answer_of_the_api() -> None:
    done = run("digest", "-", "--json", "--segments", stdin=TEXT)
    answer = json.loads(done.stdout)
    assert answer["translation"]["text"] == TEXT.upper()
    assert {"summary", "segments", "warnings", "usage", "timing"} <= set(answer)


def test_translate_prints_the_translation_alone(article: Path) -> None:
    assert run("translate", str(article)).stdout == TEXT.upper()


def test_markup_terms_and_strings_to_keep_are_for_the_command_line_too(tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("Brücke\tfootbridge\n\nRat\tcouncil\n", encoding="utf-8")
    text = "<p>Die <b>alte Brücke</b> gehört Meier.</p>"
    done = run(
        *(
            "translate",
            "-",
            "--source",
            "de",
            "--format",
            "html",
            "--keep",
            "Meier",
            "--glossary",
            str(terms),
        ),
        stdin=text,
    )
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.strip().replace("FOOTBRIDGE", "footbridge")
        == "<p>DIE <b>ALTE footbridge</b> GEHÖRT Meier.</p>"
    )


def test_a_broken_file_of_terms_is_named_with_its_line(tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("Brücke\tfootbridge\nRat\n", encoding="utf-8")
    done = run("translate", "-", "--glossary", str(terms), stdin=TEXT)
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert run("translate", "-", "--glossary", "nirgends.tsv", stdin=TEXT).returncode == 2


def test_summarize_prints_no_translation(article: Path) -> None:
    done = run("summarize", str(article), "--words", "20")
    assert "TRANSLATION" not in done.stdout
    assert len(done.stdout.split("\n\n")[-1].split()) <= 20


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["digest", "/nirgends/artikel.txt"], 2, "No such file"),
        (["digest", "/"], 2, "directory"),
        (["digest"], 2, "usage"),
        (["digset", "x"], 2, "invalid choice"),
        (["digest", "-", "--sentences", "0"], 2, "a whole number from 1 to 50"),
        (["digest", "-", "--words", "3"], 2, "a whole number from 5 to 2000"),
        (["digest", "-", "--words", "viele"], 2, "a whole number from 5 to 2000"),
        (["serve", "--port", "99999"], 2, "a whole number from 0 to 65535"),
        (["serve", "--port", "-5"], 2, "a whole number from 0 to 65535"),
        (["digest", "-"], 1, "empty"),
        (["--profile", "nichts", "digest", "-"], 1, "nichts"),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(arguments: list[str], code: int, message: str) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(article: Path) -> None:
    done = run("digest", str(article), KURZFASSUNG_PORT="http")
    assert done.returncode == 1
    assert "KURZFASSUNG_PORT" in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("KURZFASSUNG_PROFIL", "stub", "did you mean KURZFASSUNG_PROFILE?"),
        ("KURZFASSUNG_GEHEIM", "1", "no such setting"),
        ("KURZFASSUNG_DEFAULT_SOURCE_LANGUAGE", "german", "KURZFASSUNG_DEFAULT_SOURCE_LANGUAGE"),
        ("KURZFASSUNG_DEFAULT_SOURCE_LANGUAGE", "ja", "no model of 'stub' reads 'ja'"),
        ("KURZFASSUNG_HUB_ENDPOINT", "foo", "KURZFASSUNG_HUB_ENDPOINT"),
        ("KURZFASSUNG_ACKNOWLEDGED_LICENCES", "nllb", "no model is called nllb"),
    ],
)
def test_a_misspelt_setting_is_never_ignored(article: Path, variable: str, value: str, message: str) -> None:
    done = run("digest", str(article), **{variable: value})
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_kubernetes_sets_beside_a_service_of_our_name_is_no_setting(article: Path) -> None:
    links = {
        "KURZFASSUNG_SERVICE_HOST": "10.0.0.1",
        "KURZFASSUNG_SERVICE_PORT": "8000",
        "KURZFASSUNG_SERVICE_PORT_HTTP": "8000",
        "KURZFASSUNG_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "KURZFASSUNG_PORT_8000_TCP_ADDR": "10.0.0.1",
    }
    assert run("translate", str(article), **links).returncode == 0


def test_a_drain_without_end_is_refused(article: Path) -> None:
    done = run("translate", str(article), KURZFASSUNG_DRAIN_SECONDS="inf")
    assert done.returncode == 1
    assert "KURZFASSUNG_DRAIN_SECONDS" in done.stderr


def test_an_output_that_cannot_be_written_is_said_in_one_line(article: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("digest", str(article)), stdout=full, stderr=subprocess.PIPE, text=True,
            timeout=50, env=environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_latin_1_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "alt.txt"
    path.write_bytes(TEXT.encode("latin-1"))
    done = run("digest", str(path))
    assert done.returncode == 2
    assert done.stderr.strip().endswith("alt.txt: not UTF-8 text")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "bild.png"
    binary.write_bytes(bytes(range(256)))
    done = run("digest", str(binary))
    assert done.returncode == 2
    assert "bild.png" in done.stderr


def lines(count: int) -> list[dict[str, Any]]:
    return [{"id": f"a{number}", "text": f"Satz Nummer {number}. {TEXT}"} for number in range(count)]


def write_lines(path: Path, objects: list[Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in objects), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_batch_answers_every_line_in_order_and_writes_errors_beside_their_id(tmp_path: Path) -> None:
    given: list[Any] = [
        *lines(3),
        {"id": 7, "text": ""},
        {"id": 8, "text": "Ein Satz.", "sprache": "de"},
        ["keine", "Zuordnung"],
        {"text": TEXT, "summary": {"sentences": 1}},
    ]
    source = write_lines(tmp_path / "in.jsonl", given)
    with source.open("a", encoding="utf-8") as file:
        file.write("\n{kaputt\n")
    done = run("batch", str(source), str(tmp_path / "out.jsonl"))
    made = read_lines(tmp_path / "out.jsonl")
    assert [each["id"] for each in made] == ["a0", "a1", "a2", 7, 8, 6, 7, 9]
    assert [("error" in each) for each in made] == [False, False, False, True, True, True, False, True]
    assert made[3]["error"]["code"] == "empty_text"
    assert made[0]["result"]["summary"]["text"]
    assert len(made[6]["result"]["summary"]["sentences"]) == 1
    assert done.returncode == 1
    assert "4 of 8 lines failed" in done.stderr
    assert "article" in done.stderr  # the progress bar


def test_a_killed_batch_goes_on_without_losing_or_repeating_a_line(tmp_path: Path) -> None:
    count = 1500
    source = write_lines(tmp_path / "in.jsonl", lines(count))
    output = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        command("batch", str(source), str(output)), stderr=subprocess.DEVNULL, env=environment()
    )
    try:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and (not output.exists() or output.stat().st_size < 50_000):
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    before = output.read_bytes()
    assert 0 < before.count(b"\n") < count
    with output.open("ab") as file:
        file.write(b'{"id": "a')  # what a kill in the middle of a line leaves
    done = run("batch", str(source), str(output))
    assert done.returncode == 0, done.stderr
    assert "going on after" in done.stderr
    assert output.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    assert [each["id"] for each in read_lines(output)] == [f"a{number}" for number in range(count)]


def test_an_output_made_from_another_input_is_not_touched(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", lines(2))
    output = write_lines(tmp_path / "out.jsonl", [{"id": "fremd", "result": {}}])
    before = output.read_bytes()
    done = run("batch", str(source), str(output))
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert output.read_bytes() == before
    assert run("batch", str(source), str(output), "--overwrite").returncode == 0
    assert [each["id"] for each in read_lines(output)] == ["a0", "a1"]


def test_batch_refuses_to_write_over_its_input(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", lines(2))
    link = tmp_path / "link.jsonl"
    link.symlink_to(source)
    before = source.read_bytes()
    for output in (source, link):
        for options in ([], ["--overwrite"]):
            done = run("batch", str(source), str(output), *options)
            assert done.returncode == 2
            assert "is the input" in done.stderr
    assert source.read_bytes() == before


def test_batch_waits_for_room_in_the_queue_instead_of_failing_a_line(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", lines(12))
    done = run("batch", str(source), str(tmp_path / "out.jsonl"), KURZFASSUNG_QUEUE_TOKENS="10")
    assert done.returncode == 0, done.stderr
    assert all("result" in each for each in read_lines(tmp_path / "out.jsonl"))


def test_batch_says_at_once_that_its_output_cannot_be_written(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", lines(1))
    done = run("batch", str(source), str(tmp_path / "nirgends" / "out.jsonl"))
    assert done.returncode == 2
    assert "out.jsonl: No such file" in done.stderr


def test_a_line_with_half_a_surrogate_in_its_id_stops_nothing(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"id": "\ud800ü", "text": TEXT}, *lines(1)])
    output = tmp_path / "out.jsonl"
    assert run("batch", str(source), str(output)).returncode == 0
    assert [each["id"] for each in read_lines(output)] == ["\ud800ü", "a0"]
    assert json.loads(run("batch", str(source), str(output), "--json").stdout)["already_done"] == 2


def test_a_resumed_batch_still_tells_of_the_lines_that_failed_before(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"id": 1, "text": ""}, *lines(1)])
    output = tmp_path / "out.jsonl"
    assert run("batch", str(source), str(output)).returncode == 1
    again = run("batch", str(source), str(output), "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout) == {"lines": 2, "already_done": 2, "failed": 1}


def test_batch_takes_the_summary_wish_of_the_command_line(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", lines(1))
    done = run(
        "batch", str(source), str(tmp_path / "out.jsonl"), "--task", "summarize", "--sentences", "1", "--json"
    )
    [made] = read_lines(tmp_path / "out.jsonl")
    assert len(made["result"]["summary"]["sentences"]) == 1
    assert "translation" not in made["result"]
    assert json.loads(done.stdout) == {"lines": 1, "already_done": 0, "failed": 0}


def test_serve_prints_its_address_and_a_curl_and_leaves_with_zero_on_sigterm() -> None:
    process = subprocess.Popen(
        command("serve", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("Kurzfassung is ready: http://127.0.0.1:")
        shown = [process.stdout.readline() for _ in range(7)]
        [curl] = [line.strip() for line in shown if "curl" in line]
        curled = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, timeout=20, check=True)
        assert (
            "DER STADTRAT WILL DIE ALTE BRÜCKE SANIEREN." in json.loads(curled.stdout)["translation"]["text"]
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait(5)
        if process.stdout is not None:
            process.stdout.close()


def test_a_port_in_use_is_said_in_one_line() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "KURZFASSUNG_PORT" in done.stderr


def test_a_service_without_its_models_leaves_with_the_reason(tmp_path: Path) -> None:
    done = run("serve", "--port", "0", KURZFASSUNG_PROFILE="light", KURZFASSUNG_MODELS_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "models pull opus-mt-de-en" in done.stderr


def test_a_text_in_no_clear_language_is_answered_with_what_it_may_be() -> None:
    text = (
        "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
        "Die Arbeiten beginnen im Mai und dauern drei Monate.\n\n"
        "Il consiglio comunale ha deciso lunedì di restaurare il vecchio ponte sul fiume. "
        "I lavori cominciano a maggio e durano tre mesi.\n"
    )
    refused = run("digest", "-", stdin=text)
    assert refused.returncode == 1
    assert "may be" in refused.stderr
    assert "de (" in refused.stderr
    assert "it (" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run("digest", "-", "--source", "de", stdin=text).returncode == 0
