"""`python -m tests.openapi.clients` writes the table of docs/clients.md: which calls the tests make."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import deepl
from huggingface_hub import InferenceClient
from libretranslatepy import LibreTranslateAPI

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "clients.md"
MARKS = re.compile(r"(<!-- clients: .*? -->\n)(.*?)(<!-- end -->)", re.DOTALL)

WITHOUT_THE_NETWORK = {"close", "set_app_info"}

FOLLOWING = {
    "download_translation_memory_export",
    "export_translation_memory_to_filepath",
    "import_translation_memory_from_filepath",
    "upload_translation_memory_file",
    "wait_until_translation_memory_job_done",
}
"""Of calls that are refused, made of one or going on from its answer."""

COMMANDS = ("text", "languages", "usage", "glossary create|list|get|entries|delete", "document")
"""Of `python -m deepl`; tests/compat/test_deepl_command.py runs them."""

_RESULTS = {
    "deepl": "works; formality more or less, styles, instructions, memories: refused with a reason",
    "refused": "refused at once with 404 and a message; never repeated",
    "command": "works",
    "libretranslatepy": "works: all it has",
    "huggingface_hub": "works, with their parameters",
}


def methods(client: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")}


def called(pattern: str, *, but: str = "") -> set[str]:
    """The names of all methods called, or handed on, in the tests of that name."""
    files = [file for file in (ROOT / "tests" / "compat").glob(pattern) if file.name != but]
    assert files
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def deepl_calls() -> set[str]:
    return methods(deepl.DeepLClient) & called("test_deepl*.py", but="test_deepl_refusals.py") - FOLLOWING


def deepl_refusals() -> set[str]:
    return methods(deepl.DeepLClient) - deepl_calls() - WITHOUT_THE_NETWORK - FOLLOWING


def table() -> str:
    rows = [
        ("`deepl`", "deepl", _listed(deepl_calls()), _RESULTS["deepl"]),
        ("", "deepl", _listed(deepl_refusals()), _RESULTS["refused"]),
        ("`python -m deepl`", "deepl", _listed(COMMANDS), _RESULTS["command"]),
        (
            "`libretranslatepy`",
            "libretranslatepy",
            _listed(methods(LibreTranslateAPI) & called("test_libretranslate.py")),
            _RESULTS["libretranslatepy"],
        ),
        (
            "`huggingface_hub.InferenceClient`",
            "huggingface_hub",
            _listed(methods(InferenceClient) & called("test_huggingface.py")),
            _RESULTS["huggingface_hub"],
        ),
    ]
    return "".join(_lines(rows))


def _lines(rows: list[tuple[str, str, str, str]]) -> Iterator[str]:
    yield "| client | version | calls made in the tests | result |\n|---|---|---|---|\n"
    for client, package, calls, result in rows:
        yield f"| {client} | {version(package) if client else ''} | {calls} | {result} |\n"


def _listed(names: set[str] | tuple[str, ...]) -> str:
    return ", ".join(
        f"`{name}`".replace("|", "\\|") for name in (sorted(names) if isinstance(names, set) else names)
    )


def main() -> int:
    written = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(MARKS.sub(lambda found: found[1] + table() + found[3], written), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
