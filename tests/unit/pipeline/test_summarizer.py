"""Summaries through the pipeline, in each of the three strategies; the stub translates into capitals."""

import asyncio
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.backends.stub import Decode, StubBackend
from service.batching.batcher import Batcher
from service.model_store.catalogue import Catalogue, Strategy
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.models import LoadedModel, ModelSet
from service.pipeline.result import Digest, Summary
from service.pipeline.summarization import Style, SummaryLength, SummaryRequest, count_words
from service.text.ending import is_finished
from tests.integration.conftest import stub_models

ARTICLE = (
    "Brücke wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten an der Brücke beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro. "
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet. "
    "Während der Arbeiten fährt eine Fähre zweimal in der Stunde über den Fluss.\n"
)
LONG = ARTICLE + "".join(f"\nDer Pfeiler mit der Nummer {i} wird im Sommer geprüft.\n" for i in range(20))


def german_models(decode: Decode) -> ModelSet:
    """The stub translator, and a summarizer that reads and writes German."""
    config = Catalogue.read().model("stub-summarizer")
    config = config.model_copy(update={"source_languages": ("de",), "target_languages": ("de",)})
    [translator] = stub_models().translators
    summarizer = LoadedModel(config, StubBackend(config, decode=decode), "0" * 40)
    return ModelSet(profile="stub", translators=[translator], summarizers=[summarizer])


def direct_models(decode: Decode | None = None) -> ModelSet:
    config = Catalogue.read().model("stub-crosslingual")
    [translator] = stub_models().translators
    summarizer = LoadedModel(config, StubBackend(config, decode=decode), "0" * 40)
    return ModelSet(profile="stub", translators=[translator], summarizers=[summarizer])


async def made(
    models: ModelSet, text: str, wish: SummaryRequest, strategy: Strategy, *, whole: bool = False
) -> Digest:
    models.strategy = strategy
    batcher = Batcher(capacity_tokens=10**7, batch_tokens=4096)
    batcher.start()
    try:
        pipeline = ArticlePipeline(models=models, batcher=batcher)
        request = DigestRequest(text, "de", "en", summary=wish)
        work = pipeline.digest(request) if whole else pipeline.summarize(request)
        return await asyncio.wait_for(work, 50)
    finally:
        await asyncio.wait_for(batcher.stop(), 10)


async def summary_of(
    models: ModelSet, text: str, wish: SummaryRequest, strategy: Strategy, *, whole: bool = False
) -> Summary:
    summary = (await made(models, text, wish, strategy, whole=whole)).summary
    assert summary is not None
    return summary


TWO = SummaryRequest(SummaryLength(2, 60))


async def test_summarising_first_translates_only_the_chosen_sentences() -> None:
    translated: list[str] = []

    def decode(source: str) -> str:
        translated.append(source)
        return source.upper()

    first = await made(stub_models(decode=decode), ARTICLE, TWO, "summarize-then-translate")
    assert first.summary is not None
    assert [sentence.text for sentence in first.summary.sentences] == [
        source.upper() for source in translated
    ]
    assert len(translated) == 2
    assert first.usage.tokens > 0
    assert "demonstration_model" in {caveat.code for caveat in first.caveats}
    usual = await summary_of(stub_models(), ARTICLE, TWO, "translate-then-summarize")
    assert usual.text == first.summary.text  # of an extract, the order changes only the work


async def test_in_a_whole_digest_the_translation_is_not_made_twice() -> None:
    digest = await made(stub_models(), ARTICLE, TWO, "summarize-then-translate", whole=True)
    assert digest.translation is not None
    assert digest.summary is not None
    assert all(sentence.text in digest.translation.text for sentence in digest.summary.sentences)


async def test_where_the_translation_is_too_long_shorter_sentences_are_chosen() -> None:
    def wordy(source: str) -> str:
        return source.upper() + (" UND SO WEITER" * 12 if "STADTRAT" in source.upper() else "")

    wish = SummaryRequest(SummaryLength(3, 36))
    summary = await summary_of(stub_models(decode=wordy), ARTICLE, wish, "summarize-then-translate")
    assert 1 <= count_words(summary.text) <= 36
    assert "summary_cut" not in {caveat.code for caveat in summary.caveats}


async def test_a_summary_written_in_german_is_translated_and_keeps_its_sources() -> None:
    def decode(_: str) -> str:
        return "Die Brücke wird für 2 Millionen Euro saniert. Eine Fähre fährt während der Arbeiten."

    summary = await summary_of(german_models(decode), LONG, TWO, "summarize-then-translate")
    assert summary.text == (
        "DIE BRÜCKE WIRD FÜR 2 MILLIONEN EURO SANIERT. EINE FÄHRE FÄHRT WÄHREND DER ARBEITEN."
    )
    assert summary.method == "abstractive"
    assert summary.model == "stub-summarizer"
    assert summary.language == "en"
    first, second = ([LONG[s.start : s.end] for s in each.sources] for each in summary.sentences)
    assert any("2 Millionen Euro" in source for source in first)
    assert any("Fähre" in source for source in second)


async def test_one_model_may_read_german_and_write_english() -> None:
    def decode(_: str) -> str:
        return "The bridge costs 2 million euros. It costs 99 million euros."

    for whole in (False, True):
        summary = await summary_of(direct_models(decode), LONG, TWO, "direct", whole=whole)
        assert summary.text == "The bridge costs 2 million euros."
        assert summary.model == "stub-crosslingual"
        assert "summary_sentence_dropped" in {caveat.code for caveat in summary.caveats}
        assert summary.sentences[0].sources


async def test_a_direct_summary_of_many_sections_is_merged_without_reading_english_again() -> None:
    read: list[str] = []

    def decode(source: str) -> str:
        read.append(source)
        colours = ("red", "green", "blue", "grey", "white", "black", "brown", "golden")
        return f"Section {len(read)} tells of its {colours[len(read) % 8]} bridge. All tell of the river."

    text = "\n\n".join(f"Der Satz mit der Nummer {i} handelt von Brücken und Flüssen." for i in range(400))
    four = SummaryRequest(SummaryLength(4, 90))
    summary = await summary_of(direct_models(decode), text, four, "direct")
    assert len(read) > 1
    assert not any("tells of" in source for source in read)
    assert 1 <= len(summary.sentences) <= 4
    assert sum("river" in sentence.text for sentence in summary.sentences) <= 1
    numbers = [int(found) for found in re.findall(r"Section (\d+)", summary.text)]
    assert numbers == sorted(set(numbers))
    assert numbers


@pytest.mark.parametrize("strategy", ["translate-then-summarize", "summarize-then-translate", "direct"])
async def test_a_summarizer_that_writes_nothing_usable_falls_back_to_an_extract_and_says_so(
    strategy: Strategy,
) -> None:
    models = {
        "translate-then-summarize": stub_models(summarizer=True),
        "summarize-then-translate": german_models(lambda _: "kein Ende"),
        "direct": direct_models(lambda _: "no end of it"),
    }[strategy]
    if strategy == "translate-then-summarize":
        [summarizer] = models.summarizers
        broken = StubBackend(summarizer.config, decode=lambda _: "no end of it")
        models = ModelSet(
            profile="stub",
            translators=models.translators,
            summarizers=[replace(summarizer, backend=broken)],
        )
    summary = await summary_of(models, LONG, TWO, strategy)
    assert summary.method == "extract"
    assert "summary_extracted" in {caveat.code for caveat in summary.caveats}
    assert summary.text.isupper()


async def test_a_headline_alone_is_translated_for_a_headline() -> None:
    wish = SummaryRequest(style="headline")
    digest = await made(stub_models(), ARTICLE, wish, "summarize-then-translate")
    assert digest.summary is not None
    assert digest.summary.text == "BRÜCKE WIRD SANIERT"


SUBJECTS = ["Der Rat", "Die Stadt", "Ein Gutachten", "Das Amt", "Der Verein", "Die Schule"]
VERBS = ["plant", "bezahlt", "untersucht", "eröffnet", "verkauft", "vergleicht"]
OBJECTS = ["eine neue Halle am Fluss", "die alte Brücke im Norden", "12 Busse für den Süden", "den Park"]
SENTENCES = st.builds(
    lambda *parts: f"{' '.join(parts)} im {1900 + len(''.join(parts)) % 100}sten Jahr der Planung.",
    st.sampled_from(SUBJECTS), st.sampled_from(VERBS), st.sampled_from(OBJECTS),
)  # fmt: skip
PARAGRAPHS = st.lists(st.lists(SENTENCES, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(
    PARAGRAPHS.map("\n\n".join),
    st.integers(1, 6),
    st.integers(5, 90),
    st.sampled_from(["paragraph", "bullets"]),
    st.sampled_from(["translate-then-summarize", "summarize-then-translate", "direct"]),
    st.booleans(),
)
def test_every_summary_keeps_order_limits_and_ends_and_points_into_the_text(
    text: str, count: int, words: int, style: Style, strategy: Strategy, written: bool
) -> None:
    models = stub_models(summarizer=True) if strategy == "translate-then-summarize" else direct_models()
    if not written:
        models = stub_models()
    wish = SummaryRequest(SummaryLength(count, words), style=style)
    summary = asyncio.run(summary_of(models, text, wish, strategy))
    texts = [sentence.text for sentence in summary.sentences]
    assert 1 <= len(texts) <= count
    assert sum(map(count_words, texts)) <= words
    assert len({each.casefold() for each in texts}) == len(texts)
    assert all(map(is_finished, texts))
    spans = [sentence.sources for sentence in summary.sentences]
    assert all(sources for sources in spans)
    assert all(0 <= span.start < span.end <= len(text) for sources in spans for span in sources)
    if summary.method != "abstractive":
        starts = [sources[0].start for sources in spans]
        assert starts == sorted(starts)


async def test_half_a_million_characters_are_summarised_by_either_way() -> None:
    said = "Der Satz mit der Nummer {} handelt vom Fluss {}, von Brücken und vom Wetter im Land."
    text = "\n\n".join(said.format(i, i % 97) for i in range(5600))
    assert 450_000 < len(text) <= 500_000
    german = SummaryRequest(SummaryLength(6, 180), language="de")
    chosen = await summary_of(stub_models(), text, german, "translate-then-summarize")
    assert len(chosen.sentences) == 6
    written = await summary_of(direct_models(), text, SummaryRequest(), "direct")
    assert "summarized_in_sections" in {caveat.code for caveat in written.caveats}
    assert written.method == "abstractive"
    assert 1 <= len(written.sentences) <= 3
