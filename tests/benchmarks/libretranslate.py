"""LibreTranslate, in an environment of its own, serving the same CTranslate2 weights wrapped as an Argos
package. `python -m tests.benchmarks.libretranslate DIRECTORY` makes the environment.

Its sentence splitters are files that it downloads. Here the package brings one: a blank spaCy pipeline, to
which Argos adds spaCy's rule for full stops. For that its cache must look filled, or it downloads its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.clients import Load, drive
from tests.benchmarks.server import other_server
from tests.benchmarks.tutorial_server import free_port
from tests.benchmarks.way import Article, Way
from tests.benchmarks.weights import Weights

VERSION = "1.9.6"
CLIENTS = 8

TUNED = {"ARGOS_INTER_THREADS": "", "ARGOS_INTRA_THREADS": "1", "ARGOS_BATCH_SIZE": "512"}
"""What we found fastest for the raw engine; stock is one translation at a time on all cores, 32 tokens in a
batch. The number of threads is that of the cores."""


def make_environment(directory: Path) -> None:
    """Raises `subprocess.CalledProcessError` where a package cannot be had."""
    venv.create(directory, with_pip=True, clear=True)
    pip = [str(directory / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
    # One after the other: for both together pip had found no versions after a quarter of an hour.
    subprocess.run([*pip, f"libretranslate=={VERSION}"], check=True)
    subprocess.run([*pip, "spacy"], check=True)


@contextmanager
def libretranslate(weights: Weights, environment: Path, articles: int) -> Iterator[list[Way]]:
    """With its own settings and with ours."""
    cores = len(os.sched_getaffinity(0))
    tuned = {**TUNED, "ARGOS_INTER_THREADS": str(cores)}
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        _install_packages(weights, environment, home)
        with (
            _serving(environment, home, {}) as (stock, stock_pid),
            _serving(environment, home, tuned) as (better, better_pid),
        ):
            said = f"{CLIENTS} clients"
            yield [
                Way(
                    "libretranslate",
                    f"(d) LibreTranslate {VERSION}, stock, {said}",
                    stock_pid,
                    articles,
                    partial(_run, stock),
                ),
                Way(
                    "libretranslate-tuned",
                    f"(d) LibreTranslate {VERSION}, tuned, {said}",
                    better_pid,
                    articles,
                    partial(_run, better),
                ),
            ]


@contextmanager
def _serving(environment: Path, home: Path, settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [str(environment / "bin" / "libretranslate"), "--host", "127.0.0.1", "--port", str(port)]
    own = {**_homes(home), "ARGOS_CHUNK_TYPE": "SPACY", "PYTHONPATH": "", **settings}
    with other_server(command, own, address, "/languages", home) as found:
        yield found


def _homes(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }


def _install_packages(weights: Weights, environment: Path, home: Path) -> None:
    """Also one for the other direction, never asked for: with fewer than two it looks for more on the
    network."""
    packages = home / "data" / "argos-translate" / "packages"
    package = packages / "translate-de_en-1_0"
    shutil.copytree(weights.converted, package / "model")
    config = json.loads((package / "model" / "config.json").read_text(encoding="utf-8"))
    # Our tokenizer writes the end token after the source, Argos's does not.
    (package / "model" / "config.json").write_text(json.dumps({**config, "add_source_eos": True}))
    shutil.copy(weights.converted / "source.spm", package / "sentencepiece.model")
    make = f"import spacy; spacy.blank('de').to_disk({str(package / 'spacy')!r})"
    subprocess.run([str(environment / "bin" / "python"), "-W", "ignore", "-c", make], check=True)
    _describe(package, "de", "en")
    other = packages / "translate-en_de-1_0"
    shutil.copytree(package, other)
    _describe(other, "en", "de")
    downloaded = home / "cache" / "argos-translate" / "spacy" / "senter"
    downloaded.mkdir(parents=True)
    (downloaded / "model").touch()


def _describe(package: Path, source: str, target: str) -> None:
    names = {"de": "German", "en": "English"}
    facts = {
        "package_version": "1.0",
        "argos_version": "1.9",
        "from_code": source,
        "from_name": names[source],
        "to_code": target,
        "to_name": names[target],
    }
    (package / "metadata.json").write_text(json.dumps(facts), encoding="utf-8")


def _run(address: str, articles: Sequence[Article]) -> Load:
    bodies = [
        {"q": " ".join(article), "source": "de", "target": "en", "format": "text"} for article in articles
    ]
    return drive(address, "/translate", bodies, CLIENTS)


if __name__ == "__main__":
    make_environment(Path(sys.argv[1]))
