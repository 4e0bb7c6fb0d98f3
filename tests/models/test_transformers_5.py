"""transformers 5 took the pipelines for translation and summarization away; the service asks for none."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

import service
from service.backends.pytorch import PyTorchBackend
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import serving
from tests.models import checkpoints

pytestmark = pytest.mark.models

_TESTED = (5, 23)
_GONE = "pipeline"


def test_10_the_installed_transformers_is_one_we_promise() -> None:
    installed = tuple(int(part) for part in version("transformers").split(".")[:2])
    assert _TESTED <= installed < (6,)


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "transformers":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_10_no_source_of_ours_names_a_pipeline_of_transformers() -> None:
    files = sorted(Path(service.__file__).parent.rglob("*.py"))
    used = {
        name
        for file in files
        for name in _names(ast.parse(file.read_text(encoding="utf-8")))
        if name.partition(".")[0] == "transformers"
    }
    assert "transformers.AutoModelForSeq2SeqLM" in used
    assert not [name for name in used if _GONE in name.lower()]


def _loaded(name: str, directory: Path) -> LoadedModel:
    """The real configuration on PyTorch; only its lengths are cut down to the tiny model's positions."""
    real = Catalogue.read().model(name)
    lengths = dict.fromkeys(("source_tokens", "segment_tokens", "target_tokens"), checkpoints.POSITIONS)
    limits = real.limits.model_copy(update=lengths)
    config = real.model_copy(update={"limits": limits, "engine": "pytorch"})
    return LoadedModel(config, PyTorchBackend(config, directory, device="cpu", threads=1), "local")


def test_10_a_digest_is_made_by_the_engine_on_transformers_5_end_to_end(tmp_path: Path) -> None:
    torch.set_num_threads(1)  # more threads than free cores slow so small a model down
    for name in ("marian", "bart"):
        (tmp_path / name).mkdir()
    translator = _loaded("opus-mt-de-en", checkpoints.marian(tmp_path / "marian"))
    summarizer = _loaded("bart-large-cnn", checkpoints.bart(tmp_path / "bart"))
    models = ModelSet(profile="tiny", translators=[translator], summarizers=[summarizer])
    text = " ".join(checkpoints.SOURCES * 2)
    with serving(models) as client:
        said = client.get("/v1/models").json()["models"]
        answer = client.post("/v1/digest?segments=true", json={"text": text, "source": "de"})
    assert [each["engine"] for each in said] == ["pytorch", "pytorch"]
    assert answer.status_code == 200, answer.text
    translation = answer.json()["translation"]["text"]
    learnt = [checkpoints.target_of(source) for source in checkpoints.SOURCES]
    assert sum(target in translation for target in learnt) >= len(learnt) // 2
    assert answer.json()["summary"]["text"]


def test_10_loading_and_decoding_never_import_the_pipelines(tmp_path: Path) -> None:
    """In a process of its own, because the tests themselves import much of transformers."""
    torch.set_num_threads(1)
    directory = checkpoints.marian(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, directory],
        cwd=Path(service.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


_LOAD = f"""
import sys
from pathlib import Path
from service.backends.protocol import GenerationOptions
from service.backends.pytorch import PyTorchBackend
from service.model_store.catalogue import Catalogue
real = Catalogue.read().model("opus-mt-de-en")
lengths = dict.fromkeys(("source_tokens", "segment_tokens", "target_tokens"), {checkpoints.POSITIONS})
config = real.model_copy(update={{"limits": real.limits.model_copy(update=lengths)}})
backend = PyTorchBackend(config, Path(sys.argv[1]), device="cpu", threads=1)
[hypothesis] = backend.generate(["Nein."], GenerationOptions(beam_size=1, max_decoding_length=20))
assert hypothesis.target
print([name for name in sys.modules if name.startswith("transformers.pipelines")])
"""
