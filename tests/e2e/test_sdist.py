"""What a source distribution holds is enough to work with it."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]


def test_the_source_distribution_holds_every_file_its_makefile_needs(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=100)
    pip = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt"]
    subprocess.run([*pip, "hatchling"], check=True, timeout=200)
    build = [python, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path]
    subprocess.run(build, check=True, timeout=100, cwd=ROOT)
    [archive] = tmp_path.glob("kurzfassung-*.tar.gz")
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    needed = set(re.findall(r"[\w./-]+\.(?:txt|toml)\b", makefile)) - {"article.txt"}  # of a caller
    assert "constraints.txt" in needed
    assert needed <= held
    assert {"README.md", "LICENSE", "Makefile"} <= held
