"""A wheel built from the project works outside the checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content; its dependencies come from the environment of the tests."""
    wheels = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", wheels, ROOT], check=True, timeout=200)
    target = tmp_path_factory.mktemp("installed")
    [wheel] = wheels.glob("kurzfassung-*.whl")
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", target, wheel], check=True, timeout=100)
    return target


def run(installed: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys; from service.__main__ import main; sys.exit(main())", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed), "KURZFASSUNG_PROFILE": "starter"},
        check=True,
    )


def test_the_package_comes_from_the_wheel_and_brings_its_configs(installed: Path) -> None:
    for name in ("model_configs/profiles.toml", "api/page/index.html", "text/english_words.txt"):
        assert (installed / "service" / name).is_file()
    assert "opus-mt-de-en" in run(installed, "models", "list").stdout


def test_the_starter_translates_out_of_the_wheel(installed: Path) -> None:
    done = run(installed, "translate", "-", stdin="Die Arbeiten beginnen im Mai.\n")
    assert done.stdout.strip()
    assert "demonstration" in done.stderr


def test_every_dependency_is_declared_in_words_an_old_pip_understands(tmp_path: Path) -> None:
    """The environment of `make run`: the pip that came with Python, nothing of the tests. HTML reaches
    the library that an older pip once left out."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=100)
    install = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", ROOT]
    subprocess.run(install, check=True, timeout=280)
    page = (ROOT / "tests" / "articles" / "seite.html").read_text(encoding="utf-8")
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "kurzfassung", "digest", "-", "--format", "page", "--json"],
        input=page,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "KURZFASSUNG_PROFILE": "starter"},
        check=True,
    )
    assert json.loads(done.stdout)["translation"]["text"]
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "torch" not in {each["name"] for each in json.loads(listed.stdout)}
