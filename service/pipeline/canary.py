"""Something small from every model, before the service says that it is ready."""

from __future__ import annotations

from service.backends.protocol import GenerationOptions
from service.errors import GenerationFailed
from service.model_store.config import ModelConfig
from service.pipeline.article import ArticlePipeline, DigestRequest

CANARY = (
    "Die Brücke über den Fluss wird im Mai saniert. Das hat der Stadtrat am Montag beschlossen. "
    "Die Arbeiten dauern drei Monate und kosten zwei Millionen Euro."
)

_SENTENCES = {"translation": "Das Wetter ist schön.", "summarization": CANARY.partition(". ")[0] + "."}
"""For a translator so short that the least one reads it."""

_TOKENS = 20


async def try_models(pipeline: ArticlePipeline) -> None:
    """A sentence by each model on its own, because a request asks only the first of a pair and lets the
    source stand for what a model leaves empty; then a digest, so that no caller pays for what is loaded on
    first use. Raises `GenerationFailed`, and what a digest raises."""
    models = pipeline.models
    for model in models.loaded:
        source, target = _pair(model.config)
        options = GenerationOptions(
            beam_size=1, max_decoding_length=_TOKENS, source_language=source, target_language=target
        )
        sentence = _SENTENCES[model.config.task]
        [written] = await pipeline.batcher.generate(model.backend, [sentence], options)
        if not written.target.strip():
            raise GenerationFailed(f"{model.name} wrote nothing of the canary.")
    pairs = models.pairs
    if pairs:
        first = pipeline.default_source_language
        source = first if first in pairs else next(iter(pairs))
        await pipeline.digest(DigestRequest(CANARY, source=source, target=pairs[source][0]))


def _pair(config: ModelConfig) -> tuple[str, str]:
    """What a translator goes between; for a summarizer, and any model of one language, its first."""
    pairs = (
        (source, target)
        for source in config.source_languages
        for target in config.target_languages
        if source != target and config.task == "translation"
    )
    return next(pairs, ("", ""))
