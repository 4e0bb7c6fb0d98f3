"""The manifests of docker/kubernetes/ as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

MANIFESTS = Path(__file__).parents[2] / "docker/kubernetes"
NO_OBJECTS = {"kustomization.yaml", "prometheus-adapter-rule.yaml"}


def read(name: str) -> Any:
    return yaml.safe_load((MANIFESTS / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def manifests() -> dict[str, Any]:
    """By kind."""
    names = sorted(path.name for path in MANIFESTS.glob("*.yaml") if path.name not in NO_OBJECTS)
    objects = [read(name) for name in names]
    by_kind = {each["kind"]: each for each in objects}
    assert len(by_kind) == len(objects) > 6
    return by_kind


@pytest.fixture(scope="session")
def pod(manifests: dict[str, Any]) -> Any:
    return manifests["Deployment"]["spec"]["template"]


@pytest.fixture(scope="session")
def container(pod: Any) -> Any:
    [container] = pod["spec"]["containers"]
    return container
