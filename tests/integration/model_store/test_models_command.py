"""`kurzfassung models`, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from filelock import FileLock

from service.cli.models import add_parsers
from service.model_store.catalogue import bundled_directory
from service.settings import Settings

TINY = """
name = "opus-tiny"
task = "translation"
architecture = "marian"
engine = "{engine}"
repository = "acme/opus-tiny"
source_languages = ["de"]
target_languages = ["en"]
parameters = 75000
download_mb = 1
memory_mb = 1
[limits]
source_tokens = 512
segment_tokens = 400
target_tokens = 512
[licence]
name = "CC-BY-NC-4.0"
restricted = {restricted}
notice = "Not for sale."
"""


class Command:
    """Runs `models ...` with settings of its own."""

    def __init__(self, directory: Path, endpoint: str) -> None:
        self.configs = directory / "configs"
        self.configs.mkdir(parents=True)
        shutil.copyfile(bundled_directory() / "stub.toml", self.configs / "stub.toml")
        (self.configs / "profiles.toml").write_text(
            'auto = ["stub"]\n[profiles.stub]\ntranslation = ["stub"]\n'
            '[profiles.both]\ntranslation = ["opus-tiny", "stub"]\n'
        )
        self.settings = {
            "model_configs": self.configs,
            "models_dir": directory / "models",
            "hub_endpoint": endpoint,
        }
        self.configure()

    def configure(self, engine: str = "pytorch", restricted: str = "false") -> None:
        (self.configs / "opus-tiny.toml").write_text(TINY.format(engine=engine, restricted=restricted))

    def __call__(self, *arguments: str, **settings) -> int:
        parser = argparse.ArgumentParser()
        add_parsers(parser.add_subparsers())
        parsed = parser.parse_args(["models", *arguments])
        return parsed.run(parsed, Settings(**{**self.settings, **settings}))


@pytest.fixture
def models(hub, tmp_path) -> Command:
    return Command(tmp_path / "here", hub.endpoint)


def test_pull_verify_and_list_tell_one_story(hub, models, capsys):
    assert models("list", "--json") == 0
    before = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert (before["opus-tiny"]["state"], before["opus-tiny"]["revision"]) == ("absent", "")
    assert before["stub"]["state"] == "installed"

    assert models("pull", "both") == 0
    said = capsys.readouterr().err
    assert "320 kB to download" in said
    assert "free in" in said
    assert hub.main in said
    assert "stub: ships with the project" in said

    assert models("verify") == 0
    assert "opus-tiny: 5 files as recorded" in capsys.readouterr().out

    assert models("list", "--json") == 0
    after = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert (after["opus-tiny"]["state"], after["opus-tiny"]["revision"]) == ("installed", hub.main)
    assert after["opus-tiny"]["revision_verified"]
    assert after["opus-tiny"]["size"] > 320_000

    asked = len(hub.log)
    assert models("pull", "opus-tiny") == 0
    assert "already installed" in capsys.readouterr().err
    assert len(hub.log) == asked


def test_the_list_shows_what_nobody_verified_and_what_is_restricted(models, capsys):
    models.configure(restricted="true")
    assert models("list") == 0
    out = capsys.readouterr().out
    (line,) = (line for line in out.splitlines() if line.startswith("opus-tiny"))
    assert "CC-BY-NC-4.0 (restricted) (unverified)" in line
    assert "- (unverified)" in line
    assert "(1 MB to fetch)" in line


def test_a_restricted_licence_is_refused_before_anything_is_asked_of_the_hub(hub, models, capsys):
    models.configure(restricted="true")
    assert models("pull", "both") == 1
    error = capsys.readouterr().err
    assert "Not for sale." in error
    assert "KURZFASSUNG_ACKNOWLEDGED_LICENCES=opus-tiny" in error
    assert not hub.log
    assert models("pull", "both", acknowledged_licences="opus-tiny") == 0


def test_a_failure_is_one_line_without_a_traceback(hub, models, capsys):
    (models.configs / "opus-tiny.toml").write_text(
        TINY.format(engine="pytorch", restricted="false").replace(
            'repository = "acme/opus-tiny"', f'repository = "acme/opus-tiny"\nrevision = "{"0" * 40}"'
        )
    )
    assert models("pull", "opus-tiny") == 1
    error = capsys.readouterr().err
    assert error.startswith("kurzfassung: ")
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1


def test_two_commands_do_not_change_the_models_at_once(hub, models, capsys):
    models.settings["models_dir"].mkdir(parents=True)
    with FileLock(models.settings["models_dir"] / ".lock"):
        assert models("pull", "opus-tiny") == 1
        assert "Another kurzfassung command" in capsys.readouterr().err
        assert not hub.log
        assert models("list") == 0
    assert models("pull", "opus-tiny") == 0


def test_offline_names_the_import(hub, models, capsys):
    assert models("pull", "opus-tiny", offline=True) == 1
    assert "models import" in capsys.readouterr().err
    assert not hub.log


def test_a_wrong_configuration_is_a_failure_with_file_and_key(models, capsys):
    (models.configs / "opus-tiny.toml").write_text('name = "opus-tiny"')
    assert models("list") == 1
    assert "opus-tiny.toml: task: is required" in capsys.readouterr().err


def test_names_that_do_not_exist_are_a_mistake_in_usage(models, capsys):
    for arguments in (
        ["pull", "nix"],
        ["verify", "nix"],
        ["convert", "nix"],
        ["export", "nix", "x.tar"],
        ["export", "both", "x.tar"],
        ["import", ".", "--name", "nix"],
    ):
        assert models(*arguments) == 2, arguments
        assert capsys.readouterr().err.startswith("kurzfassung: ")


@pytest.mark.parametrize("arguments", [[], ["pull"], ["export", "stub"], ["fly"]])
def test_wrong_arguments_exit_with_two(models, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        models(*arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_damage_is_found_by_verify_and_shown_in_the_list(models, capsys):
    models("pull", "opus-tiny")
    (weights,) = models.settings["models_dir"].rglob("model.safetensors")
    content = bytearray(weights.read_bytes())
    content[7] ^= 1
    weights.write_bytes(content)
    capsys.readouterr()
    assert models("verify", "opus-tiny") == 1
    assert "wrong SHA-256" in capsys.readouterr().err

    weights.write_bytes(b"")
    assert models("list") == 0
    assert "damaged" in capsys.readouterr().out


def test_verify_of_what_is_not_installed_fails_only_when_it_was_asked_for(models, capsys):
    assert models("verify") == 0
    assert models("verify", "opus-tiny") == 1
    assert "models pull opus-tiny" in capsys.readouterr().err


def test_a_model_is_carried_in_a_tar_file(hub, models, tmp_path, capsys):
    models("pull", "opus-tiny")
    assert models("export", "opus-tiny", str(tmp_path / "stick.tar.gz")) == 0
    there = Command(tmp_path / "there", "http://127.0.0.1:9")
    assert there("import", str(tmp_path / "stick.tar.gz"), offline=True) == 0
    assert there("verify", "opus-tiny", offline=True) == 0
    assert "5 files as recorded" in capsys.readouterr().out


def test_a_download_can_wait_for_its_conversion(hub, models, capsys):
    models.configure(engine="ct2")
    assert models("pull", "opus-tiny", "--download-only") == 0
    assert models("list") == 0
    assert "not converted" in capsys.readouterr().out


@pytest.mark.skipif(bool(find_spec("torch")), reason="torch is installed, so conversion is possible")
def test_without_torch_nothing_is_downloaded_that_could_not_be_converted(hub, models, capsys):
    models.configure(engine="ct2")
    assert models("pull", "opus-tiny") == 1
    assert "kurzfassung[models]" in capsys.readouterr().err
    assert not hub.fetched()
