"""Files that ship inside a package, for the browser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from fastapi import HTTPException, Response

MEDIA_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "png": "image/png"}


def packaged_file(package: str, name: str, headers: Mapping[str, str]) -> Response:
    """Only for names that a route has checked; raises a 404 for what is not there."""
    try:
        content = _read(package, name)
    except FileNotFoundError:
        raise HTTPException(404) from None
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return Response(content, media_type=media_type, headers=dict(headers))


@cache
def _read(package: str, name: str) -> bytes:
    return resources.files(package).joinpath(name).read_bytes()
