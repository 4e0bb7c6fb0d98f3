"""What the README tells people to copy does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import serving

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["deepl", "libretranslate"])
def test_24_an_example_runs_as_it_stands(example: str) -> None:
    with serving() as service:
        here = example.replace("http://127.0.0.1:8000", str(service.base_url))
        done = subprocess.run(
            [sys.executable, "-c", here], capture_output=True, text=True, timeout=30, check=True
        )
    assert done.stdout.strip() == "DER STADTRAT WILL DIE ALTE BRÜCKE SANIEREN."
