"""One call of DeepL's translate: what is not supported is refused, the texts are translated."""

from __future__ import annotations

from service.api.deepl.languages import base_code, require_languages
from service.api.deepl.wire import ModelType, TermsUsedOut, TextOut, TextsBody, TextsOut, TranslationBody
from service.api.state import ServiceState
from service.api.texts import translate_texts
from service.errors import MalformedBody
from service.pipeline.article import ArticlePipeline
from service.pipeline.off_loop import off_loop
from service.terms.glossary import TermList
from service.text.tags import NO_RULES, TagRules

_NOT_HERE = ("style_id", "translation_memory_id", "custom_instructions")


def require_supported(body: TranslationBody, pipeline: ArticlePipeline) -> None:
    """Raises `UnsupportedLanguage` and `MalformedBody`."""
    require_languages(pipeline.models, source=body.source_lang, target=body.target_lang)
    if body.formality in {"more", "less"}:
        raise MalformedBody(
            f"Target language {body.target_lang} does not support 'formality'; leave it out or prefer it "
            "with prefer_more or prefer_less.",
            pointer="#/formality",
        )
    for field in _NOT_HERE:
        if getattr(body, field):
            raise MalformedBody(f"'{field}' is not supported here.", pointer=f"#/{field}")


async def translate(
    state: ServiceState, pipeline: ArticlePipeline, body: TextsBody, terms: TermList | None
) -> bytes:
    """The answer as JSON. Raises what `ArticlePipeline.translate_all` raises."""
    source, target = (body.source_lang or "auto").lower(), body.target_lang.lower()
    markup = body.tag_handling or "text"
    tags = NO_RULES
    if body.tag_handling:
        tags = TagRules(
            ignored=frozenset(body.ignore_tags),
            splitting=frozenset(body.splitting_tags),
            joining=frozenset(body.non_splitting_tags),
        )
    translated = await translate_texts(
        state, pipeline, body.text, source=source, target=target, markup=markup, terms=terms, tags=tags
    )

    def answer() -> bytes:
        translations = [
            TextOut(
                detected_source_language=base_code(body.source_lang or made.source_language),
                text=made.text,
                billed_characters=len(text) if body.show_billed_characters else None,
                model_type_used=_model_type_used(body),
                tag_handling_version=body.tag_handling_version if body.tag_handling else None,
                terms=None if terms is None else TermsUsedOut.of(made.terms),
            )
            for text, made in zip(body.text, translated, strict=True)
        ]
        return TextsOut(translations=translations).model_dump_json(exclude_none=True).encode()

    return await off_loop(sum(map(len, body.text)), answer)


def _model_type_used(body: TextsBody) -> ModelType | None:
    """What was asked for: there is one model, and it is both the best and the fastest."""
    return "quality_optimized" if body.model_type == "prefer_quality_optimized" else body.model_type
