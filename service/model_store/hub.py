"""The model hub, or a mirror of it: what a repository holds, and its files, resumed and verified."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from service.errors import DownloadFailed
from service.model_store.selection import is_safe_path

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

OFFLINE_ADVICE = (
    "KURZFASSUNG_OFFLINE is set, so nothing is downloaded. Bring the model over with "
    "`kurzfassung models import DIR|TAR` from a machine that has it (`kurzfassung models export` there)."
)
_TIMEOUT = 30.0
"""Seconds without a byte before an attempt counts as failed."""
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_COMMIT = re.compile(r"[0-9a-f]{40}")


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """`digest` is "sha256:..." for files in large file storage, else git's "git-sha1:..."."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class RemoteRepository:
    repository: str
    revision: str
    files: Mapping[str, RemoteFile]


class _Interrupted(Exception):
    """This attempt failed in a way that the next one may not."""


class Hub:
    """`attempts` failures in a row without a new byte end a download; `retry_pause` seconds, doubled each
    time, lie between them."""

    def __init__(
        self, endpoint: str, *, offline: bool = False, attempts: int = 5, retry_pause: float = 1.0
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._offline = offline
        self._attempts = attempts
        self._retry_pause = retry_pause

    def repository(self, repository: str, revision: str = "") -> RemoteRepository:
        """What a repository holds at a commit, or at the head of `main`. Raises `DownloadFailed`."""
        self.require_online()
        return self._persevere(
            f"{repository} at {self.endpoint}", lambda: self._look_up(repository, revision), lambda: 0
        )

    def download(
        self, repository: RemoteRepository, file: RemoteFile, target: Path, received: Callable[[int], None]
    ) -> None:
        """One file to `target`, verified. An earlier attempt's beginning lies in `target` + ".incomplete" and
        is gone on with, also by a later process. `received` is told counts of bytes, and a negative count
        when a beginning turned out to be useless. Raises `DownloadFailed`."""
        self.require_online()
        partial = target.with_name(target.name + ".incomplete")
        counted = 0

        def fetch() -> None:
            nonlocal counted
            start = partial.stat().st_size if partial.exists() else 0
            if start > file.size:
                partial.unlink()
                start = 0
            received(start - counted)
            counted = start
            if start < file.size or file.size == 0:
                for size in self._stream(repository, file, partial, start):
                    received(size - counted)
                    counted = size

        what = f"{repository.repository}/{file.path} from {self.endpoint}"
        self._persevere(what, fetch, lambda: counted)
        if digest_of(partial, file) != file.digest:
            partial.unlink()
            received(-counted)
            raise DownloadFailed(
                f"{what}: wrong checksum, so the file was removed. Expected {file.digest}. "
                "Try again; if it happens again, the mirror is not serving what it announces."
            )
        partial.replace(target)

    def require_online(self) -> None:
        """Raises `DownloadFailed` when downloads are switched off."""
        if self._offline:
            raise DownloadFailed(OFFLINE_ADVICE)

    def _persevere(self, what: str, attempt: Callable[[], T], progress: Callable[[], int]) -> T:
        failures, before = 0, progress()
        while True:
            try:
                with _named_failures():
                    return attempt()
            except _Interrupted as error:
                failures = 0 if progress() > before else failures
                before = progress()
                failures += 1
                if failures >= self._attempts:
                    raise DownloadFailed(
                        f"{what}: gave up after {failures} attempts ({error}). "
                        "What has arrived is kept; run the command again to go on."
                    ) from error
                time.sleep(self._retry_pause * 2 ** (failures - 1))

    def _look_up(self, repository: str, revision: str) -> RemoteRepository:
        try:
            info = self._client().model_info(
                repository, revision=revision or "main", files_metadata=True, timeout=_TIMEOUT
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise DownloadFailed(f"{self.endpoint} does not answer as a model hub does.") from error
        commit = info.sha or ""
        if not _COMMIT.fullmatch(commit):
            raise DownloadFailed(f"{self.endpoint} does not say which commit of {repository} it serves.")
        if revision and commit != revision:
            raise DownloadFailed(
                f"{self.endpoint} answers with commit {commit} of {repository}, not {revision} as asked."
            )
        files = {}
        for sibling in info.siblings or ():
            digest = f"git-sha1:{sibling.blob_id}"
            if sibling.lfs is not None:
                digest = f"sha256:{sibling.lfs.sha256}"
            # Without a size and a digest a file cannot be verified, so it is as if it were not there.
            if is_safe_path(sibling.rfilename) and sibling.size is not None and not digest.endswith("None"):
                files[sibling.rfilename] = RemoteFile(sibling.rfilename, sibling.size, digest)
        if not files:
            raise DownloadFailed(
                f"{self.endpoint} lists no files of {repository} with sizes and checksums, so nothing it "
                "sends could be verified."
            )
        return RemoteRepository(repository, commit, files)

    def _stream(
        self, repository: RemoteRepository, file: RemoteFile, partial: Path, start: int
    ) -> Iterator[int]:
        """Yields the size of `partial` after each piece written."""
        from huggingface_hub import get_session, hf_hub_url

        url = hf_hub_url(
            repository.repository, file.path, revision=repository.revision, endpoint=self.endpoint
        )
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with get_session().stream(
            "GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
        ) as response:
            if response.status_code == 416:
                partial.unlink(missing_ok=True)
                raise _Interrupted("the beginning on this disk does not fit the file on the hub")
            _check_answer(response, repository, start)
            resumed = response.status_code == 206
            size = start if resumed else 0
            with partial.open("ab" if resumed else "wb") as stream:
                for piece in response.iter_bytes():
                    size += len(piece)
                    if size > file.size:
                        raise DownloadFailed(
                            f"{url}: more than the {file.size} bytes announced. The mirror is not serving "
                            "what it announces."
                        )
                    stream.write(piece)
                    yield size
        if size < file.size:
            raise _Interrupted(f"the connection ended after {size} of {file.size} bytes")

    def _client(self) -> HfApi:
        from huggingface_hub import HfApi, constants

        # Only what is needed to fetch public files leaves this machine: no telemetry in the user agent, and
        # no access token, which would otherwise go to whichever mirror is set.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        return HfApi(endpoint=self.endpoint, token=False)


def digest_of(path: Path, file: RemoteFile) -> str:
    """The digest of a local file, in the way the hub gave the remote one."""
    kind = file.digest.partition(":")[0]
    if kind == "git-sha1":
        # Git's blob id: not chosen for security, but what the hub has for small files.
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:
        digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return f"{kind}:{digest.hexdigest()}"


def _check_answer(response: httpx2.Response, repository: RemoteRepository, start: int) -> None:
    status = response.status_code
    if status in _PASSING_STATUSES:
        raise _Interrupted(f"status {status}")
    if status not in {200, 206} or (status == 206 and not start):
        raise DownloadFailed(f"{response.url}: status {status}.")
    for answer in (*response.history, response):
        commit = answer.headers.get("X-Repo-Commit", repository.revision)
        if commit != repository.revision:
            raise DownloadFailed(
                f"{response.url}: from commit {commit}, not {repository.revision} as asked. "
                "The mirror is not serving what it announces."
            )
    if status == 206:
        content_range = response.headers.get("Content-Range", "")
        if not content_range.startswith(f"bytes {start}-"):
            raise _Interrupted(f"asked for bytes from {start}, got {content_range or 'no range'}")


@contextmanager
def _named_failures() -> Iterator[None]:
    """Turns the client library's errors into ours."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise DownloadFailed("HF_HUB_OFFLINE is set, so nothing is downloaded.") from error
    except HFValidationError as error:
        raise DownloadFailed(f"Not the name of a repository on the hub: {error}") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in _PASSING_STATUSES:
            raise _Interrupted(f"status {status}") from error
        advice = {401: " (not there, or not public)", 403: " (not allowed)", 404: " (not there)"}
        raise DownloadFailed(
            f"{error.response.url}: status {status}{advice.get(status, '')}. "
            "Check the repository and revision of the model's configuration, and KURZFASSUNG_HUB_ENDPOINT."
        ) from error
    except httpx2.HTTPError as error:
        raise _Interrupted(f"{type(error).__name__}: {error}") from error
    except (OSError, ValueError) as error:
        raise DownloadFailed(f"{type(error).__name__}: {error}") from error
