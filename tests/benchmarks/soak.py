"""Does memory stay flat? `python -m tests.benchmarks.soak [COUNT] [--plot FILE]` sends COUNT requests
(10,000) of mixed length, language, form and route to the real server with the starter's weights, samples
its resident memory, and fails where that grew by more than 3 % after the first tenth of them."""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.server import resident_bytes, starter_server

ARTICLES = Path(__file__).parents[1] / "articles"
CLIENTS = 4
TOLERANCE = 0.03

_SAMPLES = 200
"""Times the memory is read in one run."""

_SETTLED = 0.1
"""The share of the requests in which what is loaded on first use is loaded."""

_WINDOW = 0.2
"""The share of the requests whose readings are taken together: what one long text takes and gives back moves
a single reading by several per cent."""

_LONG = 18
"""Articles in a long text: more characters than are read on the event loop."""

_OTHER_LANGUAGES = (
    "The city council decided on Monday to renovate the old bridge, and nobody was surprised by it.",
    "Le conseil municipal a décidé lundi de rénover le vieux pont, et personne n'en a été surpris.",
    "Il consiglio comunale ha deciso lunedì di restaurare il vecchio ponte della città.",
    "Городской совет решил в понедельник отремонтировать старый мост через реку.",
)


@dataclass
class Soak:
    """`memory` holds (requests answered, resident bytes); `statuses` what was answered."""

    count: int
    memory: list[tuple[int, int]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def settled(self) -> float:
        """Resident bytes in the fifth of the run after the first tenth."""
        return self._median(_SETTLED, _SETTLED + _WINDOW)

    @property
    def last(self) -> float:
        """Resident bytes in the last fifth of the run."""
        return self._median(1 - _WINDOW, 1)

    def _median(self, start: float, end: float) -> float:
        return statistics.median(
            size for answered, size in self.memory if start * self.count < answered <= end * self.count
        )

    @property
    def growth(self) -> float:
        """As a share of the settled size."""
        return self.last / self.settled - 1


class Requests:
    """An endless mix, the same in every run: mostly short, some whole articles, a few long ones; one
    in ten in another language; plain, HTML, lists and streams. Made-up words keep every cache busy."""

    def __init__(self, *, long: bool, seed: int = 7) -> None:
        self._most = 1.0 if long else 0.98
        self._random = random.Random(seed)  # noqa: S311 -- a repeatable mix, no secret
        texts = [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]
        self._articles = texts
        self._sentences = [s for text in texts for s in re.findall(r"[A-ZÄÖÜ„][^\n.!?]{20,160}[.!?]", text)]

    def next(self) -> tuple[str, dict[str, Any], str]:
        """Path, JSON body and `Accept`."""
        draw = self._random.uniform(0, self._most)
        accept = "text/event-stream" if self._random.random() < 0.1 else "application/json"
        if draw < 0.1:
            return "/v1/digest", {"text": self._random.choice(_OTHER_LANGUAGES)}, accept
        if draw < 0.6:
            return "/v1/translate", {"text": self._text(1), "source": "de"}, "application/json"
        if draw < 0.85:
            return "/v1/digest", {"text": self._text(self._random.randint(1, 4)), "source": "de"}, accept
        if draw < 0.9:
            texts = [self._text(1) for _ in range(self._random.randint(2, 5))]
            return "/v1/translate", {"text": texts, "source": "de"}, "application/json"
        if draw < 0.95:
            page = "".join(f"<p>{self._text(1)}</p>" for _ in range(3))
            return "/v1/digest", {"text": page, "format": "page"}, accept
        if draw < 0.98:
            return "/v1/detect", {"text": self._random.choice(self._articles)}, "application/json"
        if draw < 0.997:
            return "/v1/digest", {"text": self._random.choice(self._articles)}, accept
        return "/v1/digest", {"text": "\n\n".join(self._random.choices(self._articles, k=_LONG))}, accept

    def _text(self, sentences: int) -> str:
        return " ".join(self._sentence() for _ in range(sentences))

    def _sentence(self) -> str:
        words = self._random.choice(self._sentences).split()
        made = "".join(self._random.choices("abdefgiklmnorstu", k=self._random.randint(6, 11))).capitalize()
        words.insert(self._random.randint(1, len(words) - 1), f"{made} {self._random.randint(2, 99999)}")
        return " ".join(words)


def soak(count: int, *, long: bool = True, progress: bool = False) -> Soak:
    """`count` requests from a few clients at once, without `long` only short ones. A connection that breaks
    raises."""
    made, requests, lock = Soak(count), Requests(long=long), threading.Lock()
    every = max(1, count // _SAMPLES)
    asked = answered = 0
    failed: list[BaseException] = []

    with starter_server() as (address, pid):

        def client() -> None:
            nonlocal asked, answered
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
                while not failed:
                    with lock:
                        if asked == count:
                            return
                        asked += 1
                        path, body, accept = requests.next()
                    try:
                        status = http.post(path, json=body, headers={"Accept": accept}).status_code
                    except BaseException as error:
                        failed.append(error)
                        raise
                    with lock:
                        answered += 1
                        made.statuses[status] += 1
                        if answered % every == 0:
                            made.memory.append((answered, resident_bytes(pid)))
                            if progress and len(made.memory) % 20 == 0:
                                print(f"{answered:>7} {made.memory[-1][1] / 1e6:8.1f} MB", flush=True)

        started = time.monotonic()
        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made.seconds = time.monotonic() - started
    if failed:
        raise failed[0]
    return made


def plot(made: Soak, file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    # The same picture for the same figures, with its words as words.
    mpl.rcParams.update({"svg.hashsalt": "kurzfassung", "svg.fonttype": "none"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot(*zip(*((answered, size / 1e6) for answered, size in made.memory), strict=True), linewidth=1)
    axes.axvline(made.count * _SETTLED, color="grey", linestyle=":")
    axes.axhline(made.settled * (1 + TOLERANCE) / 1e6, color="firebrick", linestyle="--", linewidth=1)
    axes.set(xlabel="requests answered", ylabel="resident memory, MB", ylim=(0, None))
    axes.set_title(f"{made.count:,} requests: {made.growth:+.1%} after the first {_SETTLED:.0%}")
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def summary(made: Soak) -> str:
    largest = max(size for _, size in made.memory)
    return (
        f"{made.count:,} requests in {made.seconds:.0f} s, answered {dict(made.statuses)}; "
        f"resident: {made.settled / 1e6:.1f} MB after the first {_SETTLED:.0%}, "
        f"{made.last / 1e6:.1f} MB at the end ({made.growth:+.2%}), {largest / 1e6:.1f} MB at most."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--plot", type=Path, default=Path(tempfile.gettempdir()) / "kurzfassung-soak.svg")
    arguments = parser.parse_args()
    made = soak(arguments.count, progress=True)
    print(summary(made), flush=True)
    plot(made, arguments.plot)
    print(arguments.plot)
    return int(made.growth > TOLERANCE or set(made.statuses) - {200, 422} != set())


if __name__ == "__main__":
    sys.exit(main())
