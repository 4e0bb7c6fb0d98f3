"""Draws the dashboard's queries from a real Prometheus: `python -m tests.monitoring.picture [FILE]`. Two
replicas with the starter's weights and small queues, few callers, then many, then few again."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.monitoring.load import callers, replicas
from tests.monitoring.prometheus import Prometheus, Query, dashboard, prometheus

FILE = Path(__file__).parents[2] / "docs" / "monitoring.png"
QUEUE_TOKENS = "3000"
PHASES = ((2, 25), (24, 40), (2, 35))
"""Callers, and for how many seconds."""

_COLUMNS = 4

_UNITS = {"percentunit": "share", "bytes": "bytes"}
"""Grafana's names for those that a title leaves open."""


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    with (
        tempfile.TemporaryDirectory() as place,
        replicas(KURZFASSUNG_QUEUE_TOKENS=QUEUE_TOKENS) as addresses,
        prometheus(Path(place), [urlsplit(each).netloc for each in addresses]) as asked,
    ):
        started = time.time()
        for count, seconds in PHASES:
            with callers(addresses, count):
                time.sleep(seconds)
        draw(asked, started, time.time(), file)


def draw(asked: Prometheus, started: float, ended: float, file: Path) -> None:
    """A panel of the dashboard each, its queries as lines."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    panels: dict[str, list[Query]] = {}
    for query in dashboard("10s"):
        panels.setdefault(query.panel, []).append(query)
    rows = -(-len(panels) // _COLUMNS)
    figure, grid = pyplot.subplots(rows, _COLUMNS, figsize=(16, 2.5 * rows), layout="constrained")
    replica: dict[str, str] = {}
    for axes, (title, queries) in zip(grid.flat, panels.items(), strict=False):
        for query in queries:
            found = asked.ask("query_range", query=query.expression, start=started, end=ended, step="1s")
            for series in found["result"]:
                seconds, values = zip(*series["values"], strict=True)
                legend = _legend(query.legend, series["metric"], replica)
                axes.plot([second - started for second in seconds], list(map(float, values)), label=legend)
        unit = _UNITS.get(queries[0].unit)
        axes.set_title(f"{title}, {unit}" if unit else title, fontsize=9)
        axes.set_xlim(0, ended - started)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=6, loc="best")
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    told = ", ".join(f"{count} callers for {seconds} s" for count, seconds in PHASES)
    figure.suptitle(
        f"Drawn from Prometheus with matplotlib, not a picture of Grafana. {told}; seconds", fontsize=10
    )
    figure.savefig(file, dpi=70, metadata={"Software": None})
    pyplot.close(figure)


def _legend(template: str, labels: dict[str, Any], replica: dict[str, str]) -> str:
    """As Grafana fills it in; a replica by its number, because its port is another one each time."""
    for name, value in labels.items():
        if name == "instance":
            value = replica.setdefault(value, f"replica {len(replica) + 1}")  # noqa: PLW2901 -- shown so
        template = template.replace("{{" + name + "}}", value)
    return template


if __name__ == "__main__":
    main()
