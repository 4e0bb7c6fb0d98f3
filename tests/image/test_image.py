"""The image itself: what is in it, who runs it and what it may do. It stands on a stand-in for the official
base image, so it proves our Dockerfile's instructions and not that base."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from tests.image.engine import IMAGE, ROOT, Engine

MOST_BYTES = 620_000_000

RESTRICTED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none"]  # noqa: S108 -- the container's


def described(engine: Engine) -> dict[str, Any]:
    [image] = json.loads(engine.docker("image", "inspect", IMAGE))
    assert isinstance(image, dict)
    return image


def run(engine: Engine, *command: str) -> str:
    return engine.docker("run", "--rm", *RESTRICTED, "--entrypoint", command[0], IMAGE, *command[1:])


def test_the_image_with_the_starter_is_small(engine: Engine) -> None:
    assert described(engine)["Size"] <= MOST_BYTES


def test_the_image_says_what_it_is_and_how_it_is_asked_whether_it_is_healthy(engine: Engine) -> None:
    config = described(engine)["Config"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "Kurzfassung"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["kurzfassung.weights"] == "starter"
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert "readyz" in " ".join(config["Healthcheck"]["Test"])


def test_the_image_runs_as_nobody_in_particular_and_may_do_nothing_special(engine: Engine) -> None:
    status = dict(
        line.split(":\t", 1) for line in run(engine, "cat", "/proc/self/status").splitlines() if ":\t" in line
    )
    assert status["Uid"].split() == ["10001"] * 4
    assert {status[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {"0" * 16}


def test_the_image_digests_an_article_without_network_torch_or_a_place_to_write(engine: Engine) -> None:
    article = (ROOT / "tests/articles/agenturmeldung.txt").read_text(encoding="utf-8")
    answer = json.loads(
        engine.docker("run", "--rm", "-i", *RESTRICTED, IMAGE, "digest", "-", "--json", given=article)
    )
    assert answer["summary"]["sentences"]
    assert answer["detected_language"]["code"] == "de"
    found = run(engine, "python", "-c", "import importlib.util as u; print(u.find_spec('torch'))")
    assert found == "None"


def test_every_profile_has_its_stage_of_weights() -> None:
    profiles = tomllib.loads((ROOT / "model_configs/profiles.toml").read_text(encoding="utf-8"))
    dockerfile = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
    names = [name for name in profiles["profiles"] if not name.startswith("stub")]
    assert len(names) > 3
    assert [name for name in names if f" AS weights-{name}\n" not in dockerfile] == []
