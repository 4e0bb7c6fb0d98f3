"""`python -m deepl`, the command line of DeepL's client, as it is installed."""

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.conftest import serving
from tests.openapi.clients import COMMANDS

SENTENCE = "Der Stadtrat will die alten Brücken sanieren."


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


def run(service: httpx.Client, *arguments: str, given: str = "", fails: bool = False) -> str:
    environment = {**os.environ, "DEEPL_AUTH_KEY": "any key", "DEEPL_SERVER_URL": str(service.base_url)}
    done = subprocess.run(
        [sys.executable, "-m", "deepl", *arguments],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode != 0) is fails, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if not fails else done.stdout + done.stderr


def test_the_table_names_the_commands_that_are_run_here() -> None:
    here = ("text", "languages", "usage", "glossary create|list|get|entries|delete")
    assert (*here, "document") == COMMANDS  # which tests/compat/test_deepl_documents.py runs


def test_24_a_text_and_the_languages(service: httpx.Client) -> None:
    assert run(service, "text", "--to", "EN-US", SENTENCE).strip() == SENTENCE.upper()
    assert "DE: German" in run(service, "languages")
    assert "de, en" in run(service, "languages", "--glossary").replace("->", ", ").replace("  ", " ")


def test_a_text_with_every_option_that_is_accepted(service: httpx.Client) -> None:
    options = [
        *("--from", "DE", "--to", "EN-GB", "--formality", "prefer_more", "--context", "Bau"),
        *("--split-sentences", "nonewlines", "--preserve-formatting", "--model-type", "latency_optimized"),
        *("--tag-handling", "xml", "--tag-handling-version", "v2", "--outline-detection-off"),
        *("--non-splitting-tags", "b", "--splitting-tags", "p,br", "--ignore-tags", "x"),
        *("--show-billed-characters", "--show-model-type-used", "--show-detected-source"),
    ]
    said = run(service, "text", *options, "<p>Die <x>alte</x> Brücke.</p>")
    assert "<p>DIE <x>alte</x> BRÜCKE.</p>" in said
    assert "latency_optimized" in said
    assert "DE" in said


def test_several_texts_and_one_from_standard_input(service: httpx.Client) -> None:
    assert run(service, "text", "--to", "EN-US", "Guten Morgen.", "Äpfel.").split("\n")[:2] == [
        "GUTEN MORGEN.",
        "ÄPFEL.",
    ]
    assert run(service, "text", "--to", "EN-US", "-", given=SENTENCE).strip() == SENTENCE.upper()


def test_usage(service: httpx.Client) -> None:
    assert "Characters: " in run(service, "usage")


def test_a_glossary_is_made_listed_read_used_and_deleted(service: httpx.Client) -> None:
    pair = ["--from", "DE", "--to", "EN"]
    made = run(service, "glossary", "create", "--name", "Bau", *pair, "Brücke=footbridge", "Stadtrat=council")
    listed = service.get("/v2/glossaries").json()["glossaries"]
    identity = listed[0]["glossary_id"]
    assert identity in made
    assert identity in run(service, "glossary", "list")
    assert "Bau" in run(service, "glossary", "get", identity)
    assert "Brücke\tfootbridge" in run(service, "glossary", "entries", identity)
    translated = run(service, "text", *pair[:3], "EN-US", "--glossary-id", identity, SENTENCE)
    assert "council" in translated.casefold()
    run(service, "glossary", "delete", identity)
    assert service.get("/v2/glossaries").json() == {"glossaries": []}


def test_a_refusal_is_shown(service: httpx.Client) -> None:
    assert "formality" in run(service, "text", "--to", "EN-US", "--formality", "more", SENTENCE, fails=True)
