"""`python -m tests.openapi.guide` writes docs/api-examples.md from the examples of the OpenAPI document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.app import create_app
from service.settings import Settings
from tests.openapi.requests import FORM, JSON, MULTIPART, Example, operations

GUIDE = Path(__file__).parents[2] / "docs" / "api-examples.md"
ADDRESS = "http://127.0.0.1:8000"

_INDENT = "    "
_WIDTH = 90

_HEAD = f"""# An example of every route

Made from the OpenAPI document (`/openapi.json`, `/docs`) by `make examples`; each one is run by
the tests. They need `pip install httpx`, a service at `{ADDRESS}` and, where that wants keys, one
more argument: `headers={{"Authorization": "Bearer KEY"}}`.
"""

_TITLES = {
    "native": "Articles",
    "jobs": "Jobs",
    "glossaries": "Glossaries",
    "deepl": "DeepL",
    "libretranslate": "LibreTranslate",
    "huggingface": "Hugging Face",
    "operations": "Operations",
}

_IDS = {
    "identity": ("/v1/glossaries", 'made.json()["id"]', ""),
    "glossary_id": ("/v3/glossaries", 'made.json()["glossary_id"]', ""),
    "document_id": ("/v2/document", 'made.json()["document_id"]', ""),
    "name": ("/translate_file", 'made.json()["translatedFileUrl"].rpartition("/")[2]', ""),
}
"""Of a parameter of the path: where such a thing is made, where it stands in the answer, and with which
headers."""
_JOB = ("/v1/digest", 'made.json()["id"]', '{"Prefer": "respond-async"}')

_KEY = "document_key"
_RESULT_OF_A_FILE, _RESULT_OF_A_JOB = "/v2/document/{document_id}/result", "/v1/jobs/{identity}/result"


def guide() -> str:
    document = create_app(Settings()).openapi()
    found = operations(document)
    shown = {(each.method, each.route): next(each.examples()) for each in found}
    parts = [_HEAD]
    for tag, title in _TITLES.items():
        parts.append(f"## {title}\n")
        for operation in found:
            if operation.described["tags"] == [tag]:
                example = shown[operation.method, operation.route]
                parts.append(f"### {example.method} {example.route}\n\n{example.summary}.\n")
                parts.append(f"```python\n{''.join(_code(example, shown))}```\n")
    return "\n".join(parts)


def _code(example: Example, shown: dict[tuple[str, str], Example]) -> Iterator[str]:
    if example.route == _RESULT_OF_A_JOB:
        yield "import time\n\n"
    yield "import httpx\n\n"
    url = f'"{ADDRESS}{example.route}"'
    for name in example.path:
        maker, field, headers = _JOB if example.route.startswith("/v1/jobs/") else _IDS[name]
        yield from _call("made", f'"{ADDRESS}{maker}"', shown["POST", maker], headers=headers)
        yield f"{name} = {field}\n"
        url = f"f{url}"
    if example.route == _RESULT_OF_A_JOB:
        yield f'while httpx.get(f"{ADDRESS}/v1/jobs/{{identity}}").json()["status"] != "done":\n'
        yield f"{_INDENT}time.sleep(1)\n"
    if example.route == _RESULT_OF_A_FILE:
        status = shown["POST", _RESULT_OF_A_FILE.removesuffix("/result")]
        yield from _call("status", f'f"{ADDRESS}{status.route}"', status)
    yield from _call("answer", url, example)
    if (example.method, example.route) == ("GET", "/v1/jobs"):
        yield "assert answer.status_code in {200, 403}  # without a key there is no list\n"
    else:
        yield f"assert answer.status_code == {example.status}\n"
    if example.status != 204:
        yield "print(answer.text)\n"


def _call(name: str, url: str, example: Example, *, headers: str = "") -> Iterator[str]:
    arguments = {"": url, **({"headers=": headers} if headers else {})}
    if example.query:
        arguments["params="] = _literal(example.query, 1)
    if example.media_type in {JSON, FORM}:
        body = _literal(example.body, 1)
        if _KEY in example.body:
            body = f'{{"{_KEY}": made.json()["{_KEY}"]}}'
        arguments["json=" if example.media_type == JSON else "data="] = body
    if example.media_type == MULTIPART:
        fields = dict(example.body)
        arguments["files="] = f'{{"file": ("article.txt", {_flat(fields.pop("file"))})}}'
        arguments["data="] = _literal(fields, 1)
    call = f"{name} = httpx.{example.method.lower()}"
    if len(arguments) == 1:
        yield f"{call}({url})\n"
        return
    yield f"{call}(\n"
    yield from (f"{_INDENT}{keyword}{value},\n" for keyword, value in arguments.items())
    yield ")\n"


def _literal(value: Any, depth: int) -> str:
    """As the formatter of this project would write it."""
    if not isinstance(value, dict | list) or len(_flat(value)) < _WIDTH - len(_INDENT) * depth:
        return _flat(value)
    inner, outer = _INDENT * (depth + 1), _INDENT * depth
    if isinstance(value, list):
        items = [_literal(each, depth + 1) for each in value]
        return "".join(["[\n", *(f"{inner}{item},\n" for item in items), outer, "]"])
    fields = [f"{_flat(name)}: {_literal(each, depth + 1)}" for name, each in value.items()]
    return "".join(["{\n", *(f"{inner}{field},\n" for field in fields), outer, "}"])


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_flat, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_flat(name)}: {_flat(each)}' for name, each in value.items())}}}"
    return repr(value)


def main() -> int:
    GUIDE.write_text(guide(), encoding="utf-8")
    print(f"wrote {GUIDE.relative_to(Path.cwd()) if GUIDE.is_relative_to(Path.cwd()) else GUIDE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
