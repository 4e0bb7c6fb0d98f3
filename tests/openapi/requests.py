"""The requests that stand as examples in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"

Document = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """`path` and `query` hold the examples of the parameters; `body` is None where none is sent. `status` is
    the documented one of success."""

    method: str
    route: str
    summary: str
    path: dict[str, str]
    query: dict[str, Any]
    media_type: str | None
    body: Any
    status: int

    @property
    def name(self) -> str:
        return f"{self.method} {self.route} {self.media_type or ''}".strip()

    def send(self, client: httpx.Client, **path: str) -> httpx.Response:
        """`path` takes the place of examples of the same name."""
        url = self.route.format_map({**self.path, **path})
        return client.request(self.method, url, params=self.query, **self.content)

    @property
    def content(self) -> dict[str, Any]:
        """As httpx takes it."""
        if self.media_type is None:
            return {}
        if self.media_type == JSON:
            return {"json": self.body}
        if self.media_type == FORM:
            return {"data": self.body}
        if self.media_type == MULTIPART:
            return {"files": [(name, _part(name, each)) for name, each in _fields(self.body)]}
        return {"content": self.body.encode(), "headers": {"Content-Type": self.media_type}}


@dataclass(frozen=True)
class Operation:
    method: str
    route: str
    described: dict[str, Any] = field(repr=False)

    @property
    def status(self) -> int:
        """That of success; of a route that only refuses, what it refuses with."""
        return min(map(int, self.described["responses"]), key=lambda status: (status >= 300, status != 403))

    def examples(self) -> Iterator[Example]:
        """One for each example of each media type; one without a body where none is asked for."""
        known = self.described.get("parameters", [])
        path = {each["name"]: parameter_example(each) for each in known if each["in"] == "path"}
        query = {
            each["name"]: parameter_example(each)
            for each in known
            if each["in"] == "query" and (each.get("required") or "example" in each)
        }
        body = self.described.get("requestBody", {})
        bodies = [
            (media_type, value)
            for media_type, content in body.get("content", {}).items()
            for value in media_examples(content)
        ]
        for media_type, value in bodies or [(None, None)]:
            yield Example(
                self.method,
                self.route,
                self.described["summary"],
                path,
                query if media_type is None else {},
                media_type,
                value,
                self.status,
            )


def _fields(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A list is a field several times."""
    for name, value in body.items():
        yield from ((name, str(each)) for each in (value if isinstance(value, list) else [value]))


def _part(name: str, value: str) -> tuple[str | None, str]:
    return ("article.txt" if name == "file" else None, value)


def operations(document: Document) -> list[Operation]:
    return [
        Operation(method.upper(), path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def media_examples(content: dict[str, Any]) -> list[Any]:
    """Of one media type of a body or an answer."""
    if "example" in content:
        return [content["example"]]
    return [each["value"] for each in content.get("examples", {}).values()]


def parameter_example(parameter: dict[str, Any]) -> Any:
    """Raises `KeyError` where there is none."""
    return parameter["example"] if "example" in parameter else parameter["schema"]["examples"][0]
