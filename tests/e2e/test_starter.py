"""What somebody sees who has just found the project: the real server with the bundled weights."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

from service.model_store.catalogue import Catalogue

pytestmark = pytest.mark.e2e

ARTICLES = Path(__file__).parents[1] / "articles"
SEED = Path(__file__).parents[2] / "../shared/articles/seed-nordkorea-russland.txt"
ENVIRONMENT = {**os.environ, "KURZFASSUNG_PROFILE": "starter", "PYTHONWARNINGS": "ignore"}


@pytest.fixture(scope="module")
def welcome() -> Iterator[list[str]]:
    """The lines the server prints when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not any("@article.txt" in line for line in lines):
        line = process.stdout.readline()
        assert line, "the server left before it was ready"
        lines.append(line)
    yield lines
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def client(welcome: list[str]) -> Iterator[httpx.Client]:
    address = welcome[0].split()[3]
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client


def test_the_start_says_that_the_model_is_a_demonstration_and_how_to_get_the_real_ones(
    welcome: list[str],
) -> None:
    assert any("demonstration model" in line for line in welcome)
    assert any("make models" in line for line in welcome)


def test_the_printed_curl_works_as_printed(welcome: list[str]) -> None:
    curl = next(line for line in welcome if "curl" in line)
    done = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert answer["translation"]["model"] == "starter"
    assert answer["translation"]["text"]
    assert "demonstration_model" in {warning["code"] for warning in answer["warnings"]}


def digest(client: httpx.Client, text: str) -> dict[str, Any]:
    response = client.post(
        "/v1/digest?segments=true", content=text.encode(), headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("path", sorted(ARTICLES.glob("*.txt")), ids=lambda path: path.stem)
def test_an_article_of_ours_is_translated_and_summarised(client: httpx.Client, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    answer = digest(client, text)
    translation = answer["translation"]["text"]
    assert translation.count("\n\n") == text.count("\n\n")
    assert answer["summary"]["text"]
    assert len(answer["summary"]["text"].split()) <= 90
    for segment in answer["segments"]:
        span = segment["target"]
        assert translation[span["start"] : span["end"]].strip()


def test_alternatives_are_the_models_own_and_come_beside_the_same_translation(client: httpx.Client) -> None:
    text = (ARTICLES / "agenturmeldung.txt").read_text(encoding="utf-8")
    fields = {"q": text, "source": "de", "target": "en"}
    plain = client.post("/translate", data=fields).json()["translatedText"]
    assert LibreTranslateAPI(str(client.base_url)).translate(text, "de", "en", timeout=60) == plain
    many = client.post("/translate", json={**fields, "alternatives": 3}).json()
    assert many["translatedText"] == plain
    assert 1 <= len(many["alternatives"]) <= 3
    assert len({plain, *many["alternatives"]}) == 1 + len(many["alternatives"])
    for each in many["alternatives"]:
        assert each.count("\n\n") == text.count("\n\n")
    form = {name: (None, value) for name, value in {**fields, "alternatives": "3"}.items()}
    assert client.post("/translate", files=form).json() == many


@pytest.mark.skipif(not SEED.exists(), reason="the seed article lies outside the repository")
def test_the_seed_article_keeps_its_paragraphs_and_becomes_english(client: httpx.Client) -> None:
    text = SEED.read_text(encoding="utf-8")
    answer = digest(client, text)
    translation = answer["translation"]["text"]
    assert translation.count("\n") == text.count("\n")
    words = [word.strip(".,:;?!\"'").lower() for word in translation.split()]
    english = sum(word in {"the", "of", "and", "in", "to", "is", "was", "has", "with"} for word in words)
    german = sum(word in {"der", "die", "das", "und", "mit", "ist", "sich", "eine", "den"} for word in words)
    assert english > 10 * max(1, german)
    assert answer["summary"]["method"] == "extract"
    assert len(answer["summary"]["sentences"]) <= 3


def test_the_bundled_weights_are_within_the_size_we_promise() -> None:
    directory = Path(Catalogue.read().model("starter").weights.path)
    assert sum(path.stat().st_size for path in directory.iterdir()) <= 25_000_000
