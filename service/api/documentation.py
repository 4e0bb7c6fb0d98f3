"""`/docs` without a CDN: Swagger UI from the package, every link relative, so that it works offline, under
any prefix and under a content security policy that forbids inline scripts."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from service.api.packaged_file import packaged_file

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kurzfassung: the API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
});
"""

_A_DAY = {"Cache-Control": "public, max-age=86400"}


@router.get("/docs")
async def page() -> HTMLResponse:
    return HTMLResponse(_PAGE)


@router.get("/docs/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript", headers=_A_DAY)


@router.get("/docs/{name}")
async def file(request: Request, name: str) -> Response:
    if name not in {"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"}:
        raise HTTPException(404)
    return packaged_file(request, "fastapi_swagger.resources", name, _A_DAY)
