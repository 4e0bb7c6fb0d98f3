"""How long a glossary of 10,000 entries takes over DeepL's routes, with the stub engine on this machine:

python -m tests.benchmarks.glossaries
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import httpx

from tests.integration.conftest import serving

_PARTS = "Bau Berg Dach Eis Feld Gras Haus Insel Jahr Kran".split()
_WORDS = [first + "".join(rest).lower() for first, *rest in product(_PARTS, repeat=4)]
_SIGNS = [f"Teil-${number}" for number in range(10_000)]

_TEXTS = [f"Das Bergdachhaus mit dem Teil-$4711 steht im Jahr {number} im Tal." for number in range(50)]


def main() -> None:
    with serving(data_dir=Path(tempfile.mkdtemp())) as client, _livez(client) as waits:

        def timed(what: str, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
            waits.clear()
            begun = time.perf_counter()
            response = client.request(method, path, json=body).raise_for_status()
            seconds = time.perf_counter() - begun
            print(
                f"{what:30} {seconds:5.2f} s; /livez meanwhile {1000 * max(waits, default=0):4.0f} ms at most"
            )
            return response

        languages = {"source_lang": "DE", "target_lang": "EN"}
        timed("50 sentences, no glossary", "POST", "/v2/translate", {"text": _TEXTS, **languages})
        for kind, sources in (("words", _WORDS), ("signs", _SIGNS)):
            entries = "\n".join(f"{source}\tterm {number}" for number, source in enumerate(sources))
            body = {"name": kind, "entries": entries, "entries_format": "tsv", **languages}
            made = timed(f"{kind}: created", "POST", "/v2/glossaries", body).json()["glossary_id"]
            timed(f"{kind}: read back", "GET", f"/v2/glossaries/{made}/entries")
            timed(f"{kind}: listed", "GET", "/v3/glossaries")
            for what, texts in (
                ("first use", _TEXTS[:1]),
                ("next use", _TEXTS[:1]),
                ("50 sentences", _TEXTS),
            ):
                asked = {"text": texts, "glossary_id": made, **languages}
                timed(f"{kind}: {what}", "POST", "/v2/translate", asked)


@contextmanager
def _livez(client: httpx.Client) -> Iterator[list[float]]:
    """The seconds that a request took which asks for next to nothing, every 10 ms."""
    seconds: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=client.base_url, trust_env=False) as other:
            while not done.wait(0.01):
                begun = time.perf_counter()
                other.get("/livez")
                seconds.append(time.perf_counter() - begun)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seconds
    finally:
        done.set()
        thread.join(10)


if __name__ == "__main__":
    main()
