"""No summary rests on what stands around an article: `tests/furniture`."""

import asyncio
import itertools
from pathlib import Path

import pytest

from service.pipeline.result import Span
from service.pipeline.summarization import Style, SummaryLength, SummaryRequest
from tests.integration.conftest import stub_models
from tests.unit.pipeline.test_summarizer import summary_of

FOLDER = Path(__file__).parents[2] / "furniture"
LENGTHS = [SummaryLength(1, None), SummaryLength(), SummaryLength(50, None), SummaryLength(None, 10)]
STYLES: list[Style] = ["paragraph", "bullets", "headline"]
WISHES = [SummaryRequest(length, "de", style) for length, style in itertools.product(LENGTHS, STYLES)]
WISHES += [SummaryRequest(SummaryLength(6, 180), None, focus="Foto Newsletter Redaktion Podcast")]


def unmarked(path: Path) -> tuple[str, list[Span]]:
    """The text as a reader would paste it, and where its furniture stands."""
    text, spans = "", []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        bare = line.removeprefix("~ ")
        if bare != line:
            spans.append(Span(len(text), len(text) + len(bare.rstrip())))
        text += bare
    return text, spans


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_no_summary_of_any_length_or_style_rests_on_furniture(path: Path) -> None:
    text, furniture = unmarked(path)
    assert furniture
    for wish in WISHES:
        summary = asyncio.run(summary_of(stub_models(), text, wish, "translate-then-summarize"))
        touched = {
            text[each.start : each.end]
            for sentence in summary.sentences
            for span in sentence.sources
            for each in furniture
            if span.start < each.end and each.start < span.end
        }
        assert not touched
        assert summary.sentences


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_every_sentence_of_the_article_may_be_chosen(path: Path) -> None:
    """So that the test above is not passed by leaving out the article."""
    text, furniture = unmarked(path)
    everything = SummaryRequest(SummaryLength(50, None), "de")
    summary = asyncio.run(summary_of(stub_models(), text, everything, "translate-then-summarize"))
    title = asyncio.run(
        summary_of(stub_models(), text, SummaryRequest(language="de", style="headline"), "direct")
    )
    chosen = " ".join(sentence.text for sentence in [*title.sentences, *summary.sentences])
    covered = {position for span in furniture for position in range(span.start, span.end)}
    article = "".join(" " if place in covered else letter for place, letter in enumerate(text)).split()
    assert len(chosen.split()) >= 0.9 * len(article)
