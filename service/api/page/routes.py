"""The web page at `/`: three static files, every link relative, no inline script or style."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from service.api.packaged_file import packaged_file

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def index() -> Response:
    return packaged_file(__package__, "index.html", _HEADERS)


@router.get("/page/{name}")
async def file(name: str) -> Response:
    if name not in {"page.js", "page.css"}:
        raise HTTPException(404)
    return packaged_file(__package__, name, _HEADERS)
