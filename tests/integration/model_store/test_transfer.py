"""Models carried between machines without a hub."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from service.errors import LicenceNotAcknowledged, ModelDamaged, SettingInvalid
from service.model_store.config import ModelConfig
from service.model_store.files import ModelFiles
from service.model_store.licence import require_licence
from service.model_store.transfer import export_model, import_models


def copying_converter(_config, checkpoint: Path, output: Path) -> None:
    output.mkdir()
    (output / "model.bin").write_bytes((checkpoint / "model.safetensors").read_bytes())
    shutil.copyfile(checkpoint / "source.spm", output / "source.spm")


@pytest.fixture
def exported(hub, config, tmp_path) -> Path:
    """A tar file of a converted model, made on another machine."""
    files = ModelFiles(tmp_path / "there", hub.endpoint)
    files.pull(config)
    files.convert(config, copying_converter)
    target = tmp_path / "opus-tiny.tar"
    export_model(files, config, target)
    return target


@pytest.fixture
def here(models_dir) -> ModelFiles:
    """A machine that has no hub at all."""
    return ModelFiles(models_dir, "http://127.0.0.1:9", offline=True)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_an_exported_model_serves_on_a_machine_without_a_hub(hub, config, tmp_path, here, suffix):
    files = ModelFiles(tmp_path / "there", hub.endpoint)
    files.pull(config)
    there = files.convert(config, copying_converter)
    target = tmp_path / f"opus-tiny{suffix}"
    export_model(files, config, target)

    (directory,) = import_models(here, target, {config.name: config})
    assert here.require(config) == directory
    assert here.revision(config) == hub.main
    assert here.verify(config) == 2
    for path in there.iterdir():
        assert (directory / path.name).read_bytes() == path.read_bytes()
    assert sorted(path.name for path in here.models_dir.iterdir()) == ["lock.json", "opus-tiny"]


def test_the_same_model_exports_to_the_same_bytes(hub, config, tmp_path, exported):
    files = ModelFiles(tmp_path / "there", hub.endpoint)
    again = tmp_path / "again.tar"
    export_model(files, config, again)
    assert again.read_bytes() == exported.read_bytes()


def test_an_unpacked_export_can_be_imported_too(config, tmp_path, exported, here):
    with tarfile.open(exported) as tar:
        tar.extractall(tmp_path / "stick", filter="data")
    (directory,) = import_models(here, tmp_path / "stick", {config.name: config})
    assert here.require(config) == directory
    assert (tmp_path / "stick" / "opus-tiny").is_dir()  # the source stays as it was


def test_a_damaged_export_is_refused_and_nothing_stays(config, tmp_path, exported, here):
    content = bytearray(exported.read_bytes())
    offset = content.index(b"source pieces")
    content[offset] ^= 1
    exported.write_bytes(content)
    with pytest.raises(ModelDamaged, match=r"source\.spm has the wrong SHA-256"):
        import_models(here, exported, {config.name: config})
    assert list(here.models_dir.iterdir()) == []


def test_an_export_at_another_commit_than_configured_is_refused(config, exported, here):
    pinned = config.model_copy(update={"revision": "1" * 40})
    with pytest.raises(ModelDamaged, match="the configuration asks for 1111"):
        import_models(here, exported, {config.name: pinned})


def test_an_export_of_another_repository_is_refused(config, exported, here):
    other = config.model_copy(update={"repository": "acme/other"})
    with pytest.raises(ModelDamaged, match="acme/opus-tiny"):
        import_models(here, exported, {config.name: other})


def test_an_export_of_an_unknown_model_names_the_known_ones(config, exported, here):
    with pytest.raises(SettingInvalid, match=r"'opus-tiny'.*Configured: mine"):
        import_models(here, exported, {"mine": config.model_copy(update={"name": "mine"})})


def test_an_export_in_another_compute_type_is_refused(config, exported, here):
    other = config.model_copy(update={"compute_type": "float32"})
    with pytest.raises(
        ModelDamaged, match=r"'ct2-int8' is not what the configuration loads \('ct2-float32'\)"
    ):
        import_models(here, exported, {config.name: other})


def test_a_restricted_licence_is_asked_for_before_an_import(config, exported, here):
    licence = config.licence.model_copy(update={"name": "CC-BY-NC-4.0", "restricted": True})
    restricted = config.model_copy(update={"licence": licence})
    with pytest.raises(LicenceNotAcknowledged, match="KURZFASSUNG_ACKNOWLEDGED_LICENCES=opus-tiny"):
        import_models(
            here, exported, {config.name: restricted}, accept=lambda each: require_licence(each, frozenset())
        )
    assert not (here.models_dir / "opus-tiny").exists()


def test_an_export_with_code_in_it_is_refused(config, tmp_path, exported, here):
    stick = tmp_path / "stick"
    with tarfile.open(exported) as tar:
        tar.extractall(stick, filter="data")
    (variant,) = (path.parent for path in stick.rglob("manifest.json"))
    (variant / "sitecustomize.py").write_text("print('never')")
    with pytest.raises(ModelDamaged, match=r"sitecustomize\.py does not belong"):
        import_models(here, stick, {config.name: config})

    manifest = json.loads((variant / "manifest.json").read_text())
    manifest["files"]["sitecustomize.py"] = {"size": 14, "sha256": "0" * 64}
    (variant / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelDamaged, match="not a kind of file"):
        import_models(here, stick, {config.name: config})


@pytest.mark.parametrize("field", ["model", "revision", "variant"])
def test_a_manifest_cannot_lead_out_of_the_models_directory(config, tmp_path, exported, here, field):
    stick = tmp_path / "stick"
    with tarfile.open(exported) as tar:
        tar.extractall(stick, filter="data")
    (path,) = stick.rglob("manifest.json")
    manifest = json.loads(path.read_text())
    manifest[field] = "../../escaped"
    path.write_text(json.dumps(manifest))
    with pytest.raises((ModelDamaged, SettingInvalid)):
        import_models(here, stick, {config.name: config})
    assert not list(tmp_path.rglob("escaped"))


def plain_checkpoint(directory: Path) -> Path:
    directory.mkdir()
    for name in (
        "config.json",
        "source.spm",
        "vocab.json",
        "model.safetensors",
        "modeling_custom.py",
        "x.pkl",
    ):
        (directory / name).write_bytes(name.encode())
    (directory / "onnx").mkdir()
    (directory / "onnx" / "model.onnx").write_bytes(b"onnx")
    return directory


def test_a_plain_checkpoint_is_imported_under_the_name_of_its_content(config, tmp_path, here):
    source = plain_checkpoint(tmp_path / "download")
    (directory,) = import_models(here, source, {config.name: config}, name="opus-tiny")
    assert sorted(path.name for path in directory.iterdir()) == [
        "config.json",
        "manifest.json",
        "model.safetensors",
        "source.spm",
        "vocab.json",
    ]
    assert here.revision(config).startswith("local-")
    assert not here.confirmed(config)
    here.convert(config, copying_converter)
    assert here.verify(config) == 4 + 2
    # Also where a revision is configured: the content could not be held to it, and says so.
    pinned = config.model_copy(update={"revision": "1" * 40})
    assert here.revision(pinned).startswith("local-")
    assert not here.confirmed(pinned)


def test_a_checkpoint_in_a_tar_file_is_imported_too(config, tmp_path, here):
    plain_checkpoint(tmp_path / "download")
    with tarfile.open(tmp_path / "model.tgz", "w:gz") as tar:
        tar.add(tmp_path / "download", "download")
    (directory,) = import_models(here, tmp_path / "model.tgz", {config.name: config}, name="opus-tiny")
    assert here.checkpoint(config) == directory


def test_a_directory_named_like_a_model_needs_no_name(config, tmp_path, here):
    import_models(here, plain_checkpoint(tmp_path / "opus-tiny"), {config.name: config})
    assert here.checkpoint(config) is not None


def test_a_nameless_checkpoint_is_asked_for_its_name(config, tmp_path, here):
    with pytest.raises(SettingInvalid, match=r"which model it is.*opus-tiny"):
        import_models(here, plain_checkpoint(tmp_path / "download"), {config.name: config})


def test_a_directory_without_a_model_is_refused(config, tmp_path, here):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelDamaged, match=r"config\.json"):
        import_models(here, tmp_path / "empty", {config.name: config}, name="opus-tiny")


def test_a_link_in_a_directory_is_refused(config, tmp_path, here):
    source = plain_checkpoint(tmp_path / "download")
    (source / "vocab.json").unlink()
    (source / "vocab.json").symlink_to("/etc/passwd")
    with pytest.raises(ModelDamaged, match="cp -rL"):
        import_models(here, source, {config.name: config}, name="opus-tiny")
    assert list(here.models_dir.iterdir()) == []


def test_an_import_larger_than_the_free_disk_is_refused(config, exported, models_dir):
    small = ModelFiles(models_dir, "http://127.0.0.1:9", free_space=lambda _path: 1000)
    with pytest.raises(ModelDamaged, match="over what is free"):
        import_models(small, exported, {config.name: config})
    assert list(models_dir.iterdir()) == []


def test_a_pull_after_an_import_by_hand_goes_back_to_the_hub(hub, config, tmp_path, models_dir):
    files = ModelFiles(models_dir, hub.endpoint)
    import_models(files, plain_checkpoint(tmp_path / "opus-tiny"), {config.name: config})
    files.pull(config)
    assert files.revision(config) == hub.main


def test_an_imported_commit_is_what_a_later_pull_fetches(hub, config, tmp_path, exported, models_dir):
    first = hub.main
    files = ModelFiles(models_dir, hub.endpoint)
    import_models(files, exported, {config.name: config})
    hub.commit({**hub.commits[first], "config.json": b'{"moved": true}'})
    assert files.pull(config).parent.name == first


def test_what_ships_with_the_project_is_neither_exported_nor_imported(config, tmp_path, here):
    stub = ModelConfig.model_validate({**config.model_dump(), "engine": "stub"})
    with pytest.raises(SettingInvalid):
        export_model(here, stub, tmp_path / "x.tar")
    with pytest.raises(SettingInvalid):
        import_models(here, plain_checkpoint(tmp_path / "opus-tiny"), {config.name: stub})
