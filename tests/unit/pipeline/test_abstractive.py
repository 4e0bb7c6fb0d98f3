import asyncio

from service.batching.batcher import Batcher
from service.pipeline.abstractive import AbstractiveSummarizer
from service.pipeline.models import LoadedModel
from service.pipeline.result import Summary
from service.pipeline.summarization import SourceSentence, SummaryLength, count_words
from tests.integration.conftest import stub_models
from tests.unit.pipeline.news import sentences


async def summarize(model: LoadedModel, texts: list[SourceSentence], length: SummaryLength) -> Summary | None:
    batcher = Batcher(capacity_tokens=10**6, batch_tokens=4096)
    batcher.start()
    try:
        writer = AbstractiveSummarizer(batcher, model, reads="en", writes="en")
        return await asyncio.wait_for(writer.summarize(texts, length), 30)
    finally:
        await asyncio.wait_for(batcher.stop(), 10)


async def test_a_long_text_is_summarised_by_sections_then_merged() -> None:
    [model] = stub_models(summarizer=True).summarizers
    many = sentences(*(f"Satz {number} handelt von Brücken und Flüssen." for number in range(400)))
    summary = await summarize(model, many, SummaryLength(3, 60))
    assert summary is not None
    assert "summarized_in_sections" in {caveat.code for caveat in summary.caveats}
    assert 1 <= len(summary.sentences) <= 3
    assert count_words(summary.text) <= 60
    assert summary.text.endswith(".")


async def test_a_summarizer_is_never_asked_to_summarise_nothing() -> None:
    asked: list[str] = []

    def decode(source: str) -> str:
        asked.append(source)
        return "a section without an end"

    [model] = stub_models(summarizer=True, decode=decode).summarizers
    many = sentences(*(f"Satz {number} handelt von Brücken und Flüssen." for number in range(400)))
    summary = await summarize(model, many, SummaryLength(3, 60))
    assert summary is None
    assert all(asked)


async def test_a_written_sentence_with_a_figure_that_the_text_lacks_is_left_out_and_told() -> None:
    def decode(_: str) -> str:
        return "The council repairs the bridge. It costs 99 million euros. The work begins in May."

    [model] = stub_models(summarizer=True, decode=decode).summarizers
    many = sentences(*(f"Satz {number} handelt von Brücken und Flüssen." for number in range(20)))
    summary = await summarize(model, many, SummaryLength(3, 60))
    assert summary is not None
    assert [sentence.text for sentence in summary.sentences] == [
        "The council repairs the bridge.",
        "The work begins in May.",
    ]
    [message] = [c.message for c in summary.caveats if c.code == "summary_sentence_dropped"]
    assert "99 million" in message
