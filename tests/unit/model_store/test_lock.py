from __future__ import annotations

import pytest

from service.errors import ModelDamaged
from service.model_store.lock import LockedFile, LockedModel, LockFile


def locked(revision: str) -> LockedModel:
    digest = "sha256:" + "a" * 64
    return LockedModel(
        repository="acme/x", revision=revision, files={"x.json": LockedFile(size=1, digest=digest)}
    )


def test_what_is_locked_is_found_again_and_others_stay(tmp_path):
    lock = LockFile(tmp_path / "deep" / "lock.json")
    assert lock.get("a") is None
    lock.put("b", locked("1" * 40))
    lock.put("a", locked("2" * 40))
    lock.put("b", locked("3" * 40))
    again = LockFile(lock.path)
    assert again.get("a") == locked("2" * 40)
    assert again.get("b") == locked("3" * 40)
    assert [path.name for path in lock.path.parent.iterdir()] == ["lock.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 2}', '{"models": {"a": {"repository": "x", "revision": "../../x"}}}'],
)
def test_an_unreadable_lock_file_is_not_taken_for_an_empty_one(tmp_path, content):
    (tmp_path / "lock.json").write_text(content)
    with pytest.raises(ModelDamaged, match=r"lock\.json is unreadable"):
        LockFile(tmp_path / "lock.json").get("a")
