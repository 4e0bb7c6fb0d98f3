"""The web page at `/`: three static files, every link relative, no inline script or style."""

from __future__ import annotations

from functools import cache
from importlib import resources

from fastapi import APIRouter, HTTPException, Response

router = APIRouter(include_in_schema=False)

_FILES = {"page.js": "text/javascript", "page.css": "text/css"}

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def index() -> Response:
    return Response(_read("index.html"), media_type="text/html", headers=_HEADERS)


@router.get("/page/{name}")
async def file(name: str) -> Response:
    if name not in _FILES:
        raise HTTPException(404)
    return Response(_read(name), media_type=_FILES[name], headers=_HEADERS)


@cache
def _read(name: str) -> bytes:
    return resources.files("service.api.page").joinpath(name).read_bytes()
