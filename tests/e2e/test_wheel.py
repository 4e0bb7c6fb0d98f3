"""A wheel built from the project works outside the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

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
    assert (installed / "service" / "model_configs" / "profiles.toml").is_file()
    assert "opus-mt-de-en" in run(installed, "models", "list").stdout


def test_the_starter_translates_out_of_the_wheel(installed: Path) -> None:
    done = run(installed, "translate", "-", stdin="Die Arbeiten beginnen im Mai.\n")
    assert done.stdout.strip()
    assert "demonstration" in done.stderr
