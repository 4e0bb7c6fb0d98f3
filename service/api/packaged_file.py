"""Files that ship inside a package, for the browser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from fastapi import Response

_MEDIA_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "png": "image/png"}


def packaged_file(package: str, name: str, headers: Mapping[str, str]) -> Response:
    """Only for names that the route knows: any other is an error of ours."""
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    return Response(_read(package, name), media_type=media_type, headers=dict(headers))


@cache
def _read(package: str, name: str) -> bytes:
    return resources.files(package).joinpath(name).read_bytes()
