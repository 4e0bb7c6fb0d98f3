"""Tar files made to do harm."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ModelDamaged, SettingInvalid
from service.model_store import archive
from service.model_store.selection import is_safe_path

LIMIT = 10_000_000


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def member(name: str, type_: bytes = tarfile.REGTYPE, linkname: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type_, linkname
    return info


def test_plain_files_and_directories_come_out_as_they_went_in(tmp_path):
    source = tar_of(
        tmp_path / "good.tar",
        (member("./", tarfile.DIRTYPE), b""),
        (member("./model", tarfile.DIRTYPE), b""),
        (member("./model/config.json"), b"{}"),
        (member("other/deep/vocab.json"), b"[]"),
    )
    archive.unpack(source, tmp_path / "out", LIMIT)
    files = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.json"))
    assert files == ["model/config.json", "other/deep/vocab.json"]
    assert (tmp_path / "out/other/deep/vocab.json").read_bytes() == b"[]"


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/evil", "a//b", "a/./b", "..", "C:\\evil", "a\\..\\evil", "c:evil"],
)
def test_a_path_that_leads_out_is_refused(tmp_path, name):
    source = tar_of(tmp_path / "evil.tar", (member(name), b"evil"))
    with pytest.raises(ModelDamaged, match="stays inside"):
        archive.unpack(source, tmp_path / "a" / "out", LIMIT)
    assert not list(tmp_path.rglob("*evil"))


@pytest.mark.parametrize(
    ("type_", "linkname"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "config.json"),
        (tarfile.LNKTYPE, "../../etc/passwd"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.CONTTYPE, ""),
    ],
)
def test_links_and_devices_are_refused(tmp_path, type_, linkname):
    source = tar_of(tmp_path / "evil.tar", (member("vocab.json", type_, linkname), b""))
    with pytest.raises(ModelDamaged, match="link, a device or another special file"):
        archive.unpack(source, tmp_path / "out", LIMIT)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_through_a_linked_directory_is_refused(tmp_path):
    (tmp_path / "victim").mkdir()
    source = tar_of(
        tmp_path / "evil.tar",
        (member("models", tarfile.SYMTYPE, str(tmp_path / "victim")), b""),
        (member("models/evil.json"), b"evil"),
    )
    with pytest.raises(ModelDamaged):
        archive.unpack(source, tmp_path / "out", LIMIT)
    assert list((tmp_path / "victim").iterdir()) == []


def test_the_same_name_twice_is_refused(tmp_path):
    source = tar_of(tmp_path / "twice.tar", (member("a.json"), b"1"), (member("a.json"), b"2"))
    with pytest.raises(ModelDamaged, match="twice"):
        archive.unpack(source, tmp_path / "out", LIMIT)


def test_a_compressed_bomb_is_stopped_before_it_is_written(tmp_path):
    small = tmp_path / "bomb.tar.gz"
    with gzip.open(small, "wb") as stream:
        info = tarfile.TarInfo("model.bin")
        info.size = 50_000_000
        stream.write(info.tobuf())
        stream.write(bytes(info.size))
        stream.write(bytes(1024))
    assert small.stat().st_size < 100_000
    with pytest.raises(ModelDamaged, match="more than may be unpacked"):
        archive.unpack(small, tmp_path / "out", LIMIT)
    assert list((tmp_path / "out").iterdir()) == []


def test_too_many_files_are_refused(tmp_path):
    source = tar_of(tmp_path / "many.tar", *((member(f"{number}.json"), b"") for number in range(10_001)))
    with pytest.raises(ModelDamaged, match="more than 10000 files"):
        archive.unpack(source, tmp_path / "out", LIMIT)


def test_an_extended_header_that_claims_gigabytes_is_not_read_into_memory(tmp_path):
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    (tmp_path / "evil.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(ModelDamaged, match="unreasonable size"):
        archive.unpack(tmp_path / "evil.tar", tmp_path / "out", LIMIT)


@pytest.mark.parametrize("content", [b"", b"not a tar file" * 100, b"\x1f\x8bnot gzip", bytes(511)])
def test_what_is_no_tar_is_refused(tmp_path, content):
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(ModelDamaged, match=r"not a readable \.tar"):
        archive.unpack(tmp_path / "x.tar", tmp_path / "out", LIMIT)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cut_off_archive_is_refused(tmp_path, compressed):
    source = tar_of(tmp_path / "whole.tar", (member("model.bin"), bytes(range(256)) * 400))
    content = gzip.compress(source.read_bytes()) if compressed else source.read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelDamaged):
        archive.unpack(tmp_path / "cut.tar", tmp_path / "out", LIMIT)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingInvalid, match=r"gone\.tar does not exist"):
        archive.unpack(tmp_path / "gone.tar", tmp_path / "out", LIMIT)


@given(st.text(alphabet="ab./\\:\0", max_size=12))
def test_a_safe_path_stays_inside_whatever_it_is_put_in(path):
    if is_safe_path(path):
        assert (Path("/root/inside") / path).resolve().is_relative_to("/root/inside")
        assert "\\" not in path
        assert ":" not in path
