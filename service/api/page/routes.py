"""The web page at `/`: static files, every link relative, no inline script or style, no build step."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter, HTTPException, Request, Response

from service.api.packaged_file import packaged_file

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

_FILES = frozenset(
    file.name for file in resources.files(__package__).iterdir() if file.name.endswith((".js", ".css"))
)


@router.get("/")
async def index(request: Request) -> Response:
    return packaged_file(request, __package__, "index.html", _HEADERS)


@router.get("/page/{name}")
async def file(request: Request, name: str) -> Response:
    if name not in _FILES:
        raise HTTPException(404)
    return packaged_file(request, __package__, name, _HEADERS)
