"""Fetching from a hub over real HTTP on the loopback."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from service.errors import DownloadFailed, ModelDamaged, ModelNotInstalled, SettingInvalid
from service.model_store.files import ModelFiles
from service.model_store.manifest import read_manifest

pytestmark = pytest.mark.timeout(60)

NEEDED = ["README.md", "config.json", "model.safetensors", "source.spm", "vocab.json"]


def store(hub, models_dir: Path, **options) -> ModelFiles:
    return ModelFiles(models_dir, hub.endpoint, **{"retry_pause": 0.01, **options})


def copying_converter(config, checkpoint: Path, output: Path) -> None:
    output.mkdir()
    (output / "model.bin").write_bytes((checkpoint / "model.safetensors").read_bytes()[:1000])


def test_only_the_needed_files_are_fetched_and_arrive_whole(hub, config, models_dir):
    directory = store(hub, models_dir).pull(config)
    assert hub.fetched() == NEEDED
    assert directory == models_dir / "opus-tiny" / hub.main / "checkpoint"
    assert sorted(path.name for path in directory.iterdir()) == sorted([*NEEDED, "manifest.json"])
    for name in NEEDED:
        assert (directory / name).read_bytes() == hub.commits[hub.main][name]


def test_a_bin_is_fetched_where_there_is_no_safetensors(hub, config, models_dir):
    files = dict(hub.commits[hub.main])
    del files["model.safetensors"]
    hub.commit(files)
    store(hub, models_dir).pull(config)
    assert [name for name in hub.fetched() if "model." in name] == ["pytorch_model.bin"]


def test_weights_in_pieces_come_with_their_index(hub, config, models_dir):
    pieces = {f"model-0000{number}-of-00002.safetensors": b"piece %d" % number for number in (1, 2)}
    hub.commit({"config.json": b"{}", "model.safetensors.index.json": b"{}", "vocab.json": b"{}", **pieces})
    store(hub, models_dir).pull(config)
    assert hub.fetched() == ["config.json", *sorted(pieces), "model.safetensors.index.json", "vocab.json"]


def test_a_repository_without_usable_weights_is_refused(hub, config, models_dir):
    hub.commit({"config.json": b"{}", "flax_model.msgpack": b"flax", "../model.safetensors": b"out"})
    with pytest.raises(DownloadFailed, match=r"model\.safetensors or pytorch_model\.bin"):
        store(hub, models_dir).pull(config)


def test_the_resolved_commit_is_locked_and_holds_when_main_moves(hub, config, models_dir):
    first = hub.main
    store(hub, models_dir).pull(config)
    lock = json.loads((models_dir / "lock.json").read_text())
    assert lock["models"]["opus-tiny"]["revision"] == first
    assert lock["models"]["opus-tiny"]["files"].keys() == set(NEEDED)

    second = hub.commit({**hub.commits[first], "config.json": b'{"moved": true}'})
    assert second != first
    (models_dir / "opus-tiny").rename(models_dir / "gone")
    files = store(hub, models_dir)
    directory = files.pull(config)
    assert files.revision(config) == first
    assert (directory / "config.json").read_bytes() == hub.commits[first]["config.json"]
    assert files.verify(config) == len(NEEDED)

    updated = files.pull(config, plan=files.plan(config, update=True))
    assert files.revision(config) == second
    assert (updated / "config.json").read_bytes() == b'{"moved": true}'


def test_a_configured_revision_is_fetched_and_confirmed_by_the_pull(hub, config, models_dir):
    first = hub.main
    hub.commit({**hub.commits[first], "config.json": b'{"moved": true}'})
    config = config.model_copy(update={"revision": first})
    files = store(hub, models_dir)
    assert not files.confirmed(config)
    directory = files.pull(config)
    assert directory.parent.name == first
    assert files.confirmed(config)


def test_a_commit_that_does_not_exist_names_repository_and_setting(hub, config, models_dir):
    config = config.model_copy(update={"revision": "0" * 40})
    with pytest.raises(DownloadFailed, match=r"status 404 .*revision.*KURZFASSUNG_HUB_ENDPOINT"):
        store(hub, models_dir).pull(config)


def test_a_cut_connection_is_resumed_where_it_broke(hub, config, models_dir):
    hub.cut_once["model.safetensors"] = 100_000
    directory = store(hub, models_dir).pull(config)
    assert (directory / "model.safetensors").read_bytes() == hub.commits[hub.main]["model.safetensors"]
    assert len(hub.ranged()) == 1
    start = int(hub.ranged()[0].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 100_000
    assert hub.bytes_sent < 1.5 * sum(map(len, hub.commits[hub.main].values()))


def test_a_pull_that_gave_up_is_continued_by_a_later_process(hub, config, models_dir):
    hub.cut_always["model.safetensors"] = 100_000
    with pytest.raises(DownloadFailed, match="gave up after 1 attempts"):
        store(hub, models_dir, attempts=1).pull(config)
    assert store(hub, models_dir).installed(config) is None
    assert store(hub, models_dir).checkpoint(config) is None
    assert not hub.ranged()

    hub.cut_always.clear()
    files = store(hub, models_dir)
    already = sum(len(hub.commits[hub.main][name]) for name in ("README.md", "config.json"))
    assert files.plan(config).download < sum(len(hub.commits[hub.main][name]) for name in NEEDED) - already
    seen = len(hub.fetched())
    directory = files.pull(config)
    assert (directory / "model.safetensors").read_bytes() == hub.commits[hub.main]["model.safetensors"]
    assert len(hub.ranged()) == 1
    assert hub.fetched()[seen:] == ["model.safetensors", "source.spm", "vocab.json"]


def test_a_pull_cut_short_goes_on_at_the_same_commit_when_main_moved_meanwhile(hub, config, models_dir):
    first = hub.main
    hub.cut_always["model.safetensors"] = 100_000
    with pytest.raises(DownloadFailed):
        store(hub, models_dir, attempts=1).pull(config)
    hub.cut_always.clear()
    hub.commit({**hub.commits[first], "config.json": b'{"moved": true}'})
    assert store(hub, models_dir).pull(config).parent.name == first


def test_a_server_that_ignores_ranges_is_read_from_the_start(hub, config, models_dir):
    hub.ranges = False
    hub.cut_once["model.safetensors"] = 100_000
    directory = store(hub, models_dir).pull(config)
    assert (directory / "model.safetensors").read_bytes() == hub.commits[hub.main]["model.safetensors"]


def test_passing_errors_are_waited_out(hub, config, models_dir):
    hub.statuses = [503, 429, 200, 502]
    store(hub, models_dir).pull(config)
    assert store(hub, models_dir).checkpoint(config) is not None


def test_a_server_that_stays_broken_ends_the_pull(hub, config, models_dir):
    hub.statuses = [503] * 50
    with pytest.raises(DownloadFailed, match=r"gave up after 3 attempts \(status 503\)"):
        store(hub, models_dir, attempts=3).pull(config)


def test_content_with_a_wrong_checksum_is_refused_and_removed(hub, config, models_dir):
    right = hub.commits[hub.main]["model.safetensors"]
    hub.served_instead["model.safetensors"] = right[:-1] + bytes([right[-1] ^ 1])
    files = store(hub, models_dir)
    with pytest.raises(DownloadFailed, match=r"model\.safetensors.*wrong checksum"):
        files.pull(config)
    assert not list(models_dir.rglob("model.safetensors*"))
    assert files.checkpoint(config) is None

    hub.served_instead.clear()
    assert (files.pull(config) / "model.safetensors").read_bytes() == right


def test_a_small_file_is_held_to_its_git_digest(hub, config, models_dir):
    hub.served_instead["config.json"] = b'{"model_type": "martin"}'
    with pytest.raises(DownloadFailed, match=r"config\.json.*wrong checksum"):
        store(hub, models_dir).pull(config)


def test_more_bytes_than_announced_are_refused(hub, config, models_dir):
    hub.served_instead["config.json"] = b"x" * 1_000_000
    with pytest.raises(DownloadFailed, match="more than the 24 bytes announced"):
        store(hub, models_dir).pull(config)


def test_a_file_of_another_commit_is_refused(hub, config, models_dir):
    hub.other_commit = "f" * 40
    with pytest.raises(DownloadFailed, match="not serving what it announces"):
        store(hub, models_dir).pull(config)


def test_a_mirror_that_announces_other_content_for_a_locked_commit_is_refused(hub, config, models_dir):
    store(hub, models_dir).pull(config)
    (models_dir / "opus-tiny").rename(models_dir / "gone")
    hub.announce["model.safetensors"] = b"other weights"
    asked = len(hub.fetched())
    with pytest.raises(DownloadFailed, match=r"other content for model\.safetensors"):
        store(hub, models_dir).pull(config)
    assert len(hub.fetched()) == asked


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(hub, config, models_dir):
    files = store(hub, models_dir, free_space=lambda _path: 100_000)
    with pytest.raises(DownloadFailed, match=r"needs 415 kB on disk .*100 kB free"):
        files.pull(config)
    assert not hub.fetched()
    assert not (models_dir / "lock.json").exists()


def test_the_plan_counts_what_the_needed_files_weigh(hub, config, models_dir):
    plan = store(hub, models_dir, free_space=lambda _path: 10**9).plan(config)
    assert plan.download == sum(len(hub.commits[hub.main][name]) for name in NEEDED)
    assert plan.conversion == 75_000  # int8: a byte a weight
    assert plan.free == 10**9
    assert not hub.fetched()


def test_offline_asks_nobody_and_names_the_import(hub, config, models_dir):
    with pytest.raises(DownloadFailed, match="models import"):
        store(hub, models_dir, offline=True).pull(config)
    assert not hub.log


def test_a_mirror_below_a_path_serves_as_well(hub, config, models_dir):
    hub.prefix = "/mirrors/hub"
    store(hub, models_dir).pull(config)
    assert all(path.startswith("/mirrors/hub/") for path, _ in hub.log)
    lock = json.loads((models_dir / "lock.json").read_text())
    assert lock["models"]["opus-tiny"]["endpoint"] == hub.endpoint


def test_an_access_token_of_this_machine_is_never_sent(hub, config, models_dir, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    store(hub, models_dir).pull(config)
    assert hub.headers
    assert not any("hf_secret" in value for headers in hub.headers for value in headers.values())


def test_something_that_is_no_hub_is_named_as_such(hub, config, models_dir):
    hub.prefix = "/elsewhere"
    files = ModelFiles(models_dir, hub.base + "/nothing-here", retry_pause=0.01)
    with pytest.raises(DownloadFailed, match="status 404"):
        files.pull(config)


def test_nobody_listening_is_a_download_failure(config, models_dir):
    files = ModelFiles(models_dir, "http://127.0.0.1:9", attempts=2, retry_pause=0.01)
    with pytest.raises(DownloadFailed, match="gave up after 2 attempts"):
        files.pull(config)


def test_progress_never_exceeds_the_total_and_ends_there(hub, config, models_dir):
    hub.cut_once["model.safetensors"] = 100_000
    seen: list[tuple[str, int, int]] = []
    store(hub, models_dir).pull(config, lambda *step: seen.append(step))
    assert {total for _, _, total in seen} == {sum(len(hub.commits[hub.main][name]) for name in NEEDED)}
    assert all(0 <= done <= total for _, done, total in seen)
    assert seen[-1][1] == seen[-1][2]
    assert {name for name, _, _ in seen} == set(NEEDED)


def test_a_second_pull_fetches_nothing(hub, config, models_dir):
    files = store(hub, models_dir)
    first = files.pull(config)
    asked = len(hub.fetched())
    assert files.plan(config).download == 0
    assert files.pull(config) == first
    assert len(hub.fetched()) == asked


def test_weights_that_ship_with_the_project_are_not_fetched(hub, config, models_dir):
    stub = config.model_copy(update={"engine": "stub"})
    with pytest.raises(SettingInvalid, match="ships with the project"):
        store(hub, models_dir).plan(stub)


def test_a_converted_model_is_what_the_engine_loads(hub, config, models_dir):
    files = store(hub, models_dir)
    files.pull(config)
    assert files.installed(config) is None
    with pytest.raises(ModelNotInstalled, match="models convert opus-tiny"):
        files.require(config)
    converted = files.convert(config, copying_converter)
    assert converted == models_dir / "opus-tiny" / hub.main / "ct2-int8"
    assert files.require(config) == converted
    assert files.size(config) == 1000 + (converted / "manifest.json").stat().st_size
    assert files.verify(config) == len(NEEDED) + 1

    files.remove_checkpoint(config)
    assert files.checkpoint(config) is None
    assert files.verify(config) == 1


def test_a_failed_conversion_leaves_the_earlier_one_alone(hub, config, models_dir):
    files = store(hub, models_dir)
    files.pull(config)
    converted = files.convert(config, copying_converter)

    def failing(_config, _checkpoint, output: Path) -> None:
        output.mkdir()
        (output / "model.bin").write_bytes(b"half")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        files.convert(config, failing)
    assert files.require(config) == converted
    assert [path.name for path in sorted(converted.parent.iterdir())] == ["checkpoint", "ct2-int8"]


def test_the_pytorch_engine_loads_the_checkpoint_itself(hub, config, models_dir):
    config = config.model_copy(update={"engine": "pytorch", "compute_type": "float32"})
    files = store(hub, models_dir)
    directory = files.pull(config)
    assert files.require(config) == directory
    assert files.convert(config, copying_converter) == directory


def test_verify_finds_a_changed_byte(hub, config, models_dir):
    files = store(hub, models_dir)
    path = files.pull(config) / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[1234] ^= 1
    path.write_bytes(content)
    assert files.checkpoint(config) is not None  # the quick look does not read it
    with pytest.raises(ModelDamaged, match=r"model\.safetensors has the wrong SHA-256"):
        files.verify(config)


def test_verify_finds_a_manifest_made_to_fit_changed_weights(hub, config, models_dir):
    files = store(hub, models_dir)
    directory = files.pull(config)
    (directory / "vocab.json").write_bytes(b'{"</s>": 1}')
    manifest = read_manifest(directory)
    forged = json.loads((directory / "manifest.json").read_text())
    forged["files"]["vocab.json"]["sha256"] = hashlib.sha256(b'{"</s>": 1}').hexdigest()
    (directory / "manifest.json").write_text(json.dumps(forged))
    assert manifest != read_manifest(directory)
    with pytest.raises(ModelDamaged, match=r"vocab\.json is not what lock\.json says"):
        files.verify(config)


def test_verify_finds_a_file_that_does_not_belong(hub, config, models_dir):
    files = store(hub, models_dir)
    (files.pull(config) / "modeling_custom.py").write_text("print('never')")
    with pytest.raises(ModelDamaged, match=r"modeling_custom\.py does not belong"):
        files.verify(config)


def test_a_missing_file_shows_at_the_quick_look(hub, config, models_dir):
    files = store(hub, models_dir)
    (files.pull(config) / "vocab.json").unlink()
    with pytest.raises(ModelDamaged, match=r"vocab\.json is missing"):
        files.checkpoint(config)


def test_a_shortened_file_shows_at_the_quick_look(hub, config, models_dir):
    files = store(hub, models_dir)
    (files.pull(config) / "vocab.json").write_bytes(b"{}")
    with pytest.raises(ModelDamaged, match="has 2 bytes, expected 11"):
        files.checkpoint(config)


def test_nothing_installed_says_how_to_get_it(config, models_dir):
    files = ModelFiles(models_dir, "http://127.0.0.1:9")
    assert files.installed(config) is None
    with pytest.raises(ModelNotInstalled, match="models pull opus-tiny"):
        files.require(config)
    with pytest.raises(ModelNotInstalled, match="models pull opus-tiny"):
        files.verify(config)
