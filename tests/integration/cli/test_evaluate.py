"""`kurzfassung evaluate` as a shell sees it, with the stub engine, whose translation is the source in
capitals: so the reference decides the score."""

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.test_commands import run

SOURCES = [
    "Der Stadtrat saniert die alte Brücke.",
    "1:0",
    "Die Arbeiten beginnen im Mai und dauern drei Monate.",
    "Am Rande der Sitzung gab es Kaffee & Kuchen <für> alle | Gäste, und das kostet die Stadt nur wenig.",
]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "quelle.de", SOURCES)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write(tmp_path / "quelle.en", [line.upper() for line in SOURCES])


def evaluate(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return run("evaluate", *map(str, arguments), **settings)


def report(directory: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    return loaded


def test_a_perfect_system_scores_100_and_the_report_tells_how_to_repeat_it(
    source: Path, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bericht"
    done = evaluate(
        "translation",
        "--source",
        source,
        "--reference",
        reference,
        "--systems",
        "stub",
        "starter",
        "--report",
        out,
    )
    assert done.returncode == 0, done.stderr
    assert "4/4" in done.stderr  # the progress bar
    made = report(out)
    perfect, starter = made["scores"]["stub"], made["scores"]["starter"]
    assert perfect["bleu"]["value"] == pytest.approx(100)
    assert perfect["chrf"]["value"] == pytest.approx(100)
    assert starter["bleu"]["value"] < 50
    assert starter["bleu"]["low"] <= starter["bleu"]["high"]
    assert 0 <= starter["chrf"]["p_value"] <= 1
    assert len(starter["worst"]) == len(SOURCES)
    assert starter["worst"][0]["chrf"] <= starter["worst"][-1]["chrf"]
    assert {band: count for band, (count, _, _) in perfect["by_length"].items()} == {"1-10": 3, "11-20": 1}
    run_facts = made["run"]
    assert run_facts["command"][:3] == ["kurzfassung", "evaluate", "translation"]
    assert set(run_facts["files"]) == {str(source), str(reference)}
    assert "version:2." in run_facts["signatures"]["BLEU"]
    assert {"kurzfassung", "ctranslate2", "sacrebleu"} <= set(run_facts["versions"])
    [model] = made["systems"]["starter"]["models"]
    assert model["revision"].startswith("sha256:")
    assert model["generation"]["beam_size"] == 4
    assert made["systems"]["starter"]["peak_rss_mb"] > 50
    assert made["systems"]["starter"]["lines_per_second"] > 0
    assert made["systems"]["starter"]["warnings"]["demonstration_model"] == 3  # the score is copied


def test_the_reports_show_tables_plots_and_the_segments_unharmed(
    source: Path, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bericht"
    evaluate(
        "translation", "--source", source, "--reference", reference, "--systems", "stub", "--report", out
    )
    markdown = (out / "report.md").read_text(encoding="utf-8")
    assert "Kaffee & Kuchen &lt;für> alle \\| Gäste" in markdown
    assert "![Quality against speed](quality-against-speed.svg)" in markdown
    for name in ("quality-against-speed.svg", "score-by-length.svg"):
        assert ET.parse(out / name).getroot().tag.endswith("svg")  # noqa: S314 -- our own file
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "Kaffee &amp; Kuchen &lt;für&gt; alle | Gäste" in page
    outputs = (out / "outputs-stub.txt").read_text(encoding="utf-8").splitlines()
    assert outputs == [line.upper() for line in SOURCES]


def test_the_same_run_gives_the_same_scores(source: Path, reference: Path, tmp_path: Path) -> None:
    found = []
    for name in ("eins", "zwei"):
        evaluate(
            "translation", "--source", source, "--reference", reference, "--systems", "starter",
            "--report", tmp_path / name,
        )  # fmt: skip
        found.append(report(tmp_path / name)["scores"])
    assert found[0] == found[1]


def test_a_known_test_set_in_the_training_data_is_warned_of(tmp_path: Path) -> None:
    cached = tmp_path / "sacrebleu" / "wmt19"
    cached.mkdir(parents=True)
    for field in ("src", "ref", "docid", "origlang", "genre"):
        lines = SOURCES if field == "src" else [line.upper() for line in SOURCES]
        write(cached / f"wmt19.de-en.{field}", lines)
    out = tmp_path / "bericht"
    done = evaluate(
        "translation", "--test-set", "wmt19", "--systems", "starter", "--limit", "2", "--report", out,
        SACREBLEU=str(tmp_path / "sacrebleu"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "declared training data of starter" in done.stderr
    assert "CAUTION" in (out / "report.md").read_text(encoding="utf-8")
    assert report(out)["run"]["lines"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either --test-set"),
        (("--source", "{source}"), "needs a --reference"),
        (("--source", "{source}", "--reference", "{short}"), "short.en: 1 lines, but"),
        (("--source", "{source}", "--reference", "{short}"), "line 2 has no counterpart"),
        (("--source", "{figures}", "--reference", "{figures}"), "no line has words"),
        (
            ("--source", "{source}", "--reference", "{source}", "--report", "/proc/x"),
            "/proc/x: No such file",
        ),
        (("--source", "{empty}", "--reference", "{empty}"), "empty.en: empty"),
        (("--source", "{latin}", "--reference", "{latin}"), "latin.de: line 2: not UTF-8"),
        (("--source", "{missing}", "--reference", "{missing}"), "missing.de: No such file"),
        (("--source", "{source}", "--reference", "{source}", "--systems", "nichts"), "'nichts'"),
        (("--source", "{source}", "--reference", "{source}", "--to", "ja"), "'ja'"),
        (("--source", "{source}", "--reference", "{source}", "--systems", "light"), "models pull"),
        (("--test-set", "nichts"), "No such test set"),
        (("--test-set", "wmt19"), "cannot be downloaded"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_exit_code_2(
    source: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    paths = {name: tmp_path / file for name, file in {
        "short": "short.en", "empty": "empty.en", "latin": "latin.de", "missing": "missing.de",
        "figures": "figures.de",
    }.items()}  # fmt: skip
    write(paths["short"], ["eins"])
    write(paths["figures"], ["1:0", "123"])
    paths["empty"].write_bytes(b"")
    paths["latin"].write_bytes("gut\nBrücke\n".encode("latin-1"))
    given = [argument.format(source=source, **paths) for argument in arguments]
    done = evaluate(
        "translation", "--report", tmp_path / "bericht", *given,
        SACREBLEU=str(tmp_path / "sacrebleu"), KURZFASSUNG_MODELS_DIR=str(tmp_path / "models"),
        HTTPS_PROXY="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("bericht/*"))


ARTICLE = (
    "Brücke wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro. "
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet.\n"
)


def test_summaries_are_scored_beside_the_first_sentences(tmp_path: Path) -> None:
    articles = tmp_path / "artikel.jsonl"
    entry = {"id": "a", "text": ARTICLE, "summary": "DIE ARBEITEN BEGINNEN IM MAI UND DAUERN DREI MONATE."}
    write(articles, [json.dumps(entry)] * 3)
    out = tmp_path / "bericht"
    done = evaluate(
        "summaries", "--articles", articles, "--systems", "stub", "--sentences", "2", "--report", out
    )
    assert done.returncode == 0, done.stderr
    scores = report(out)["scores"]
    assert set(scores) == {"stub", "lead of stub", "as many words as stub"}
    assert scores["as many words as stub"]["words"] == scores["stub"]["words"]
    gain = scores["stub"]["gains"]["lead of stub"]["rouge1"]
    difference = scores["stub"]["rouge1"]["value"] - scores["lead of stub"]["rouge1"]["value"]
    assert gain["value"] == pytest.approx(difference)
    assert "Difference from the beginning" in (out / "report.md").read_text(encoding="utf-8")
    assert scores["lead of stub"]["rouge1"]["value"] > 30
    assert scores["stub"]["copied"]["value"] > 0.9  # an extract
    assert scores["stub"]["unsupported_numbers"]["value"] == 0
    in_german = evaluate(
        "summaries", "--articles", articles, "--systems", "stub", "--language", "de", "--report", out
    )
    assert in_german.returncode == 0, in_german.stderr
    assert set(report(out)["scores"]) == {"stub", "lead", "as many words as stub"}


def test_three_strategies_are_compared_in_one_table_and_one_that_cannot_be_is_told(tmp_path: Path) -> None:
    articles = write(
        tmp_path / "artikel.jsonl", [json.dumps({"text": ARTICLE, "summary": "THE BRIDGE."})] * 2
    )
    out = tmp_path / "bericht"
    three = ("translate-then-summarize", "summarize-then-translate", "direct")
    done = evaluate(
        "summaries", "--articles", articles, "--systems", "stub-direct", "stub", "--strategies", *three,
        "--sentences", "1", "--report", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no summarizer of 'stub' reads 'de' and writes 'en'" in done.stderr
    made = report(out)
    measured = {f"stub-direct, {each}" for each in three} | {f"stub, {each}" for each in three[:2]}
    assert set(made["systems"]) == measured
    assert measured < set(made["scores"])
    assert all(f"\n{name} " in f"\n{done.stdout}" for name in measured)
    assert (out / "outputs-stub-direct-direct.txt").read_text(encoding="utf-8").count("\n") == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [("{kaputt", "line 2: not a JSON object"), ('{"text": "Ein Satz."}', "line 2: `summary` is not a text")],
)
def test_a_line_of_the_articles_that_cannot_be_read_is_named(tmp_path: Path, line: str, message: str) -> None:
    articles = tmp_path / "artikel.jsonl"
    write(articles, [json.dumps({"text": ARTICLE, "summary": "Kurz."}), line])
    done = evaluate("summaries", "--articles", articles, "--systems", "stub", "--report", tmp_path / "b")
    assert done.returncode == 2
    assert message in done.stderr


def test_an_address_among_the_lines_costs_nothing_and_a_broken_system_only_itself(
    source: Path, reference: Path, tmp_path: Path
) -> None:
    for path in (source, reference):
        path.write_text(path.read_text(encoding="utf-8") + "https://talbote.example/a\n", encoding="utf-8")
    out = tmp_path / "bericht"
    done = evaluate(
        "translation", "--source", source, "--reference", reference,
        "--systems", "light", "stub", "--report", out,
        KURZFASSUNG_MODELS_DIR=str(tmp_path / "models"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "light: " in done.stderr
    assert set(report(out)["scores"]) == {"stub"}
    assert (out / "outputs-stub.txt").read_text(encoding="utf-8").endswith("https://talbote.example/a\n")
