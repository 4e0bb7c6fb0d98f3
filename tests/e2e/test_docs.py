"""What the documentation tells people to type works as it stands: every command in a fenced `sh` or `python`
block of these pages runs in a checkout, against the real server with the bundled weights."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(170)]

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/callers.md", "docs/models.md", "docs/operators.md"]

NOT_RUN = {
    "make run ": "builds an environment and serves until it is stopped; `.ci/run` builds it the same way",
    "make models ": "fetches 1.5 GB from the hub; tests/integration/model_store pulls from a hub of its own",
    ".venv/bin/pip install -c constraints.txt -e '.[evaluate]'": "builds an environment; docs/models.md has "
    "the same commands with the bundled model",
}
"""How a block begins that no test can run, and why."""

_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str, str]]:
    """Page, language and text of each."""
    return [
        (page, *block)
        for page in PAGES
        for block in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    ]


def is_run(text: str) -> bool:
    return not text.startswith(tuple(NOT_RUN))


RUN = [block for block in blocks() if is_run(block[2])]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make run` leaves it, its `.venv/bin/kurzfassung` being this interpreter's; with the files that
    the examples take as given."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("tests", "model_configs", "service", "Makefile", "pyproject.toml", "constraints.txt"):
        (place / name).symlink_to(ROOT / name)
    command = place / ".venv" / "bin" / "kurzfassung"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m service "$@"\n')
    command.chmod(0o755)
    (place / ".venv" / ".made").touch()
    # Without it curl takes an answer that refuses for a success.
    (place / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\nnoproxy = *\nmax-time = 60\n")
    article = (ROOT / "tests/articles/agenturmeldung.txt").read_text(encoding="utf-8")
    (place / "article.txt").write_text(article, encoding="utf-8")
    (place / "IN.jsonl").write_text(
        '{"text": "Die Brücke ist alt."}\n{"text": "Sie wird saniert."}\n', "utf-8"
    )
    return place


@pytest.fixture(scope="module")
def environment(checkout: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KURZFASSUNG_")}
    return {
        **ours,
        "HOME": str(checkout),
        "PATH": f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "no_proxy": "127.0.0.1",
    }


@pytest.fixture(scope="module")
def address(checkout: Path, environment: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen(
        ["kurzfassung", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=checkout,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"127\.0\.0\.1:\d+", line)
    assert found, line
    yield found[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.mark.parametrize(
    ("page", "language", "text"), RUN, ids=[f"{page}:{text[:40]}" for page, _, text in RUN]
)
def test_an_example_runs_as_it_stands(
    page: str, language: str, text: str, checkout: Path, environment: dict[str, str], address: str
) -> None:
    here = text.replace("127.0.0.1:8000", address)
    if "8001" in here:  # a second server, on a port of its own
        here = here.replace("8001", str(free_port()))
    command = (
        [sys.executable, "-c", here] if language == "python" else ["bash", "-euo", "pipefail", "-c", here]
    )
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, f"{page}\n{here}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    assert done.stdout.strip(), here


def test_every_exception_is_still_in_the_documentation() -> None:
    texts = [text for _, _, text in blocks()]
    assert [start for start in NOT_RUN if not any(text.startswith(start) for text in texts)] == []


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    for page in [*PAGES, "docs/page.md"]:
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#\s]+)\)", text):
            if not link.startswith("http"):
                assert (ROOT / page).parent.joinpath(link).exists(), f"{page}: {link}"
