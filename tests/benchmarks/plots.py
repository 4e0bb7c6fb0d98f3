"""The comparison as bars: articles a second by way, one panel for each set of weights."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.comparison import Comparison


def plot(comparisons: Sequence[Comparison], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    # The same picture for the same figures, with its words as words.
    mpl.rcParams.update({"svg.hashsalt": "kurzfassung", "svg.fonttype": "none"})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        len(comparisons), figsize=(9, 0.6 + 3.6 * len(comparisons)), layout="constrained", squeeze=False
    )
    for axes, found in zip(panels[:, 0], comparisons, strict=True):
        keys = list(found.labels)[::-1]
        rates = [[each.articles_per_second for each in found.of(key)] for key in keys]
        middles = [statistics.median(each) for each in rates]
        spread = [
            [middle - min(each) for middle, each in zip(middles, rates, strict=True)],
            [max(each) - middle for middle, each in zip(middles, rates, strict=True)],
        ]
        colours = ["#b2182b" if key.startswith("ours") else "#4d4d4d" for key in keys]
        bars = axes.barh([found.labels[key] for key in keys], middles, xerr=spread, color=colours)
        axes.bar_label(bars, [f"{middle:.3g}" for middle in middles], padding=4, fontsize=8)
        axes.set_xscale("log")
        axes.margins(x=0.15)
        axes.set_xlabel("articles a second, median and range of the rounds (logarithmic)")
        axes.set_title(found.weights, fontsize=10)
        axes.tick_params(axis="y", labelsize=8)
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
