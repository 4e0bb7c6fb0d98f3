"""The image itself: what is in it, who runs it and what it may do. It stands on a stand-in for the official
base image, so it proves our Dockerfile's instructions and not that base."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from tests.image.engine import BASE, CREATED, IMAGE, REVISION, ROOT, Engine

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


def test_what_a_setting_may_ask_for_is_in_the_image(engine: Engine) -> None:
    modules = "redis, psycopg, cryptography, opentelemetry.exporter.otlp.proto.http"
    assert run(engine, "python", "-c", f"import {modules}; print('there')").strip() == "there"


def test_the_image_says_what_it_is_and_how_it_is_asked_whether_it_is_healthy(engine: Engine) -> None:
    config = described(engine)["Config"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "Kurzfassung"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["kurzfassung.weights"] == "starter"
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert "readyz" in " ".join(config["Healthcheck"]["Test"])


def test_the_image_tells_its_version_and_what_it_stands_on(engine: Engine) -> None:
    labels = described(engine)["Config"]["Labels"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert labels["org.opencontainers.image.base.name"] == BASE
    assert labels["org.opencontainers.image.revision"] == REVISION
    assert labels["org.opencontainers.image.created"] == CREATED


def test_the_image_brings_a_list_of_exactly_what_is_installed_in_it(engine: Engine) -> None:
    path = described(engine)["Config"]["Labels"]["kurzfassung.sbom"]
    listed = json.loads(run(engine, "cat", path))
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert listed["metadata"]["component"]["name"] == "kurzfassung"
    installed = json.loads(
        run(
            engine,
            "python",
            "-c",
            "import importlib.metadata as m, json; "
            "print(json.dumps([[d.name, d.version] for d in m.distributions()]))",
        )
    )
    components = {(each["name"], each["version"]): each for each in listed["components"]}
    root = listed["metadata"]["component"]
    found = {*components, (root["name"], root["version"])}
    assert found == {(name, version) for name, version in installed}
    assert len(components) > 30
    without = [name for (name, _), each in components.items() if not each.get("licenses")]
    print("no licence told:", without)
    assert len(without) <= len(components) // 10


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
