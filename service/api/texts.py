"""Texts as they come from other services' clients: cells of a table, subtitles, strings of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.api.state import ServiceState
from service.errors import EmptyText, UrlNotFetched
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, TermUse
from service.terms.glossary import TermList
from service.text.check import check_text
from service.text.furniture import has_letters
from service.text.language import LanguageGuess, detect_language
from service.text.marked_text import Markup
from service.text.markup import holds_markup, read_markup
from service.text.tags import NO_RULES, TagRules


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """`source_language` is the one it was translated from, as the models know it; `confidence` that of
    the detected language, between 0 and 1; `terms` what became of the glossary's; `caveats` point into the
    text as it came; `alternatives` are other translations of it, where they were asked for."""

    text: str
    source_language: str
    confidence: float
    terms: tuple[TermUse, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    alternatives: tuple[str, ...] = ()


async def translate_texts(
    state: ServiceState,
    pipeline: ArticlePipeline,
    texts: Sequence[str],
    *,
    source: str,
    target: str,
    markup: Markup = "text",
    terms: TermList | None = None,
    tags: TagRules = NO_RULES,
    alternatives: int = 0,
) -> list[TranslatedText]:
    """In order. A text with nothing to translate in it, a blank, a number, an address or bare tags, comes
    back as it is: it must not cost the others their translation. Raises what
    `ArticlePipeline.translate_all` raises."""
    copied = {
        index
        for index, text in enumerate(texts)
        if await _is_copied(text, markup, tags, pipeline.max_characters)
    }
    made = await pipeline.translate_all(
        [
            DigestRequest(text, source, target, markup, glossary=terms, tags=tags, alternatives=alternatives)
            for index, text in enumerate(texts)
            if index not in copied
        ]
    )
    for digest in made:
        state.count(digest)
    language = (
        pipeline.default_source_language if source == "auto" else pipeline.models.source_language(source)
    )
    digests = iter(made)
    translated = []
    for index, text in enumerate(texts):
        if index in copied:
            translated.append(TranslatedText(text, language, 0.0))
            continue
        digest = next(digests)
        assert digest.translation is not None  # noqa: S101 -- `translate_all` makes one each
        translated.append(
            TranslatedText(
                digest.translation.text,
                digest.translation.source_language,
                digest.detected_language.confidence,
                digest.terms or (),
                digest.caveats,
                digest.translation.alternatives,
            )
        )
    return translated


async def detected(text: str, *, default: str, max_characters: int) -> LanguageGuess:
    """Beside the event loop where the text is long. Raises what `check_text` raises."""

    def guess() -> LanguageGuess:
        check_text(text, max_characters=max_characters)
        return detect_language(text, default=default)

    return await off_loop(len(text), guess)


async def _is_copied(text: str, markup: Markup, tags: TagRules, max_characters: int) -> bool:
    try:
        check_text(text, max_characters=max_characters)
    except (EmptyText, UrlNotFetched):
        return True
    if markup == "text" and not holds_markup(text):
        return False
    return not await off_loop(len(text), lambda: has_letters(read_markup(text, markup, tags).plain))
