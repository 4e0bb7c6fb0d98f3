"""Files that ship inside a package, for the browser; packed where the browser reads that."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from importlib import resources

from fastapi import Request, Response

_MEDIA_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "png": "image/png"}
_PACKED = frozenset({"html", "js", "css"})


def packaged_file(request: Request, package: str, name: str, headers: Mapping[str, str]) -> Response:
    """Only for names that the route knows: any other is an error of ours."""
    kind = name.rpartition(".")[2]
    sent = dict(headers)
    if kind in _PACKED:
        sent["Vary"] = "Accept-Encoding"
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            sent["Content-Encoding"] = "gzip"
            return Response(_packed(package, name), media_type=_MEDIA_TYPES[kind], headers=sent)
    return Response(_read(package, name), media_type=_MEDIA_TYPES[kind], headers=sent)


def _takes_gzip(accepted: str) -> bool:
    """Named without a weight, or with one above zero; nobody who wants our files says `*`."""
    for coding in accepted.lower().split(","):
        name, _, weight = (part.strip() for part in coding.partition(";"))
        if name == "gzip":
            return weight.removeprefix("q=").strip("0.") != "" or not weight
    return False


@cache
def _read(package: str, name: str) -> bytes:
    return resources.files(package).joinpath(name).read_bytes()


@cache
def _packed(package: str, name: str) -> bytes:
    return gzip.compress(_read(package, name), mtime=0)
