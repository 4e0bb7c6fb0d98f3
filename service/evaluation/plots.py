"""Plots of a report as SVG text; the same figures give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

_SIZE = (6.4, 3.6)


def quality_against_speed(points: Mapping[str, tuple[float, float, float, float]], metric: str) -> str:
    """Points are (lines per second, score, low, high)."""
    figure, axes = _axes()
    for name, (speed, score, low, high) in points.items():
        bars = [[max(0.0, score - low)], [max(0.0, high - score)]]
        axes.errorbar([speed], [score], yerr=bars, fmt="o", capsize=3, label=name)
    axes.set_xscale("log")
    axes.set_xlabel("lines per second on this machine (log scale)")
    axes.set_ylabel(f"{metric}, 95 % interval")
    axes.legend(fontsize=8)
    return _svg(figure)


def score_by_length(bands: Mapping[str, Mapping[str, tuple[int, float, float]]]) -> str:
    """chrF of each system by band of source length."""
    figure, axes = _axes()
    order: list[str] = []
    for lengths in bands.values():
        order += [band for band in lengths if band not in order]
    for name, lengths in bands.items():
        places = [index for index, band in enumerate(order) if band in lengths]
        axes.plot(places, [lengths[order[index]][2] for index in places], marker="o", label=name)
    axes.set_xticks(range(len(order)), order)
    axes.set_xlabel("words of the source segment")
    axes.set_ylabel("chrF2")
    axes.legend(fontsize=8)
    return _svg(figure)


def grouped_bars(groups: Sequence[str], systems: Mapping[str, Sequence[tuple[float, float, float]]]) -> str:
    """(value, low, high) of each system for each group."""
    figure, axes = _axes()
    width = 0.8 / max(1, len(systems))
    for number, (name, values) in enumerate(systems.items()):
        places = [index + width * (number - (len(systems) - 1) / 2) for index in range(len(groups))]
        heights = [value for value, _, _ in values]
        below = [max(0.0, value - low) for value, low, _ in values]
        above = [max(0.0, high - value) for value, _, high in values]
        axes.bar(places, heights, width, yerr=[below, above], capsize=2, label=name)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_ylabel("F measure, 95 % interval")
    axes.legend(fontsize=8)
    return _svg(figure)


def _axes() -> tuple[Any, Any]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "kurzfassung"
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    return figure, axes


def _svg(figure: Any) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
