"""Models that were brought over, one for each engine and direction, are served without any network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from service.model_store.catalogue import bundled_directory
from tests.models import checkpoints
from tests.offline.namespace import offline_session

pytestmark = [pytest.mark.models, pytest.mark.timeout(170)]

_PROFILE = """
auto = ["both"]
[profiles.both]
translation = ["opus-mt-de-en", "opus-mt-en-de"]
"""


def test_11_imported_models_of_both_engines_are_served_without_a_network(tmp_path: Path) -> None:
    torch.set_num_threads(1)  # more threads than free cores slow so small a model down
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "profiles.toml").write_text(_PROFILE, encoding="utf-8")
    settings = {
        "KURZFASSUNG_MODEL_CONFIGS": str(configs),
        "KURZFASSUNG_MODELS_DIR": str(tmp_path / "models"),
        "KURZFASSUNG_PROFILE": "both",
    }
    for name, engine in (("opus-mt-de-en", "pytorch"), ("opus-mt-en-de", "ct2")):
        toml = (bundled_directory() / f"{name}.toml").read_text(encoding="utf-8")
        toml = re.sub(r"_tokens = \d+", f"_tokens = {checkpoints.POSITIONS}", toml)
        (configs / f"{name}.toml").write_text(f'engine = "{engine}"\n{toml}', encoding="utf-8")
    for name in ("opus-mt-de-en", "opus-mt-en-de"):
        (tmp_path / name).mkdir()
        checkpoints.marian(tmp_path / name)
        imported = subprocess.run(
            [sys.executable, "-m", "service", "models", "import", tmp_path / name, "--name", name],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **settings},
            check=False,
        )
        assert imported.returncode == 0, imported.stderr
    (tmp_path / "home").mkdir()
    found = offline_session(tmp_path / "home", **settings)
    assert found["outside"] == []
    for life in found["lives"]:
        assert sorted(life["pairs"]) == [["de", "en"], ["en", "de"]]
        assert set(life["statuses"].values()) == {200}, json.dumps(life["statuses"])
        assert life["exit"] == 0
