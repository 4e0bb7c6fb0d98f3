"""The models one process serves, and which of them answer for a language pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from service.backends.protocol import Backend
from service.errors import UnsupportedLanguage
from service.model_store.catalogue import Strategy
from service.model_store.config import ModelConfig
from service.pipeline.result import Caveat

_SAME = {"no": "nb", "nb": "no"}
"""Norwegian is called by its own code or by that of the written form nearly everybody means."""

PIVOT = "en"
"""Where no model translates a pair, two may do it by way of this language."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """`revision` is the commit the weights come from; for bundled weights their checksum."""

    config: ModelConfig
    backend: Backend
    revision: str

    @property
    def name(self) -> str:
        return self.config.name


@dataclass(frozen=True, slots=True)
class Route:
    """The way from one language to another: one model, or two by way of English."""

    source: str
    target: str
    models: tuple[LoadedModel, ...]

    @property
    def pivoted(self) -> bool:
        return len(self.models) > 1

    @property
    def name(self) -> str:
        """The names of the models, in order, with `+` between them; no name holds one."""
        return "+".join(model.name for model in self.models)

    @property
    def revision(self) -> str:
        """As many revisions as models, in their order, with `+` between them."""
        return "+".join(model.revision for model in self.models)


class ModelSet:
    """Translators in order of preference, and summarizers (none: summaries are extracts). The strategy
    is for summaries in another language than the article's."""

    def __init__(
        self,
        *,
        profile: str,
        translators: Sequence[LoadedModel],
        summarizers: Sequence[LoadedModel] = (),
        strategy: Strategy = "translate-then-summarize",
    ) -> None:
        self.profile = profile
        self.strategy: Strategy = strategy
        self.translators = tuple(translators)
        self.summarizers = tuple(summarizers)

    @property
    def loaded(self) -> tuple[LoadedModel, ...]:
        return (*self.translators, *self.summarizers)

    @cached_property
    def pairs(self) -> dict[str, list[str]]:
        """Source language -> target languages, each list without repeats; those that one model reaches
        come before those that are reached through English."""
        direct: dict[str, list[str]] = {}
        for model in self.translators:
            for source in model.config.source_languages:
                targets = direct.setdefault(source, [])
                for target in model.config.target_languages:
                    if target != source and target not in targets:
                        targets.append(target)
        pairs = {source: list(targets) for source, targets in direct.items() if targets}
        for source, targets in pairs.items():
            if PIVOT in targets:
                beyond = direct.get(PIVOT, ())
                targets += [target for target in beyond if target != source and target not in targets]
        return pairs

    def source_language(self, code: str) -> str:
        """The code as a model knows it: where none knows `de-at`, `de` is meant."""
        return known_code(
            code, {source for model in self.translators for source in model.config.source_languages}
        )

    def target_language(self, code: str) -> str:
        return known_code(
            code, {target for model in self.translators for target in model.config.target_languages}
        )

    def route(self, source: str, target: str, model: str = "") -> Route:
        """One model where there is one; the first, unless `model` names another. Raises `UnsupportedLanguage`
        naming what there is."""
        if model:
            return self._route_with(model, source, target)
        direct = self._translator(source, target)
        if direct is not None:
            return Route(source, target, (direct,))
        first, second = self._translator(source, PIVOT), self._translator(PIVOT, target)
        if first is not None and second is not None:
            return Route(source, target, (first, second))
        pairs = self.pairs
        known = (
            f"From {source!r} there is: {', '.join(pairs[source])}."
            if source in pairs
            else (f"What is read here: {', '.join(sorted(pairs))}.")
        )
        raise UnsupportedLanguage(
            f"No model here translates {source!r} to {target!r}. {known}", pointer="#/source"
        )

    def _route_with(self, name: str, source: str, target: str) -> Route:
        able = [each for each in self.translators if _translates(each, source, target)]
        named = next((each for each in able if each.name == name), None)
        if named is None:
            known = ", ".join(each.name for each in able) or "none does alone"
            raise UnsupportedLanguage(
                f"The model asked for does not translate {source!r} to {target!r} here. What does: {known}.",
                pointer="#/model",
            )
        return Route(source, target, (named,))

    def _translator(self, source: str, target: str) -> LoadedModel | None:
        return next((each for each in self.translators if _translates(each, source, target)), None)

    def summarizer(self, reads: str, writes: str) -> LoadedModel | None:
        for model in self.summarizers:
            if reads in model.config.source_languages and writes in model.config.target_languages:
                return model
        return None


def _translates(model: LoadedModel, source: str, target: str) -> bool:
    return source in model.config.source_languages and target in model.config.target_languages


def known_code(code: str, known: set[str]) -> str:
    """`de` for `de-at` where only `de` is known; `nb` for `no` and the other way round."""
    if code in known:
        return code
    base = code.partition("-")[0]
    return next((each for each in (base, _SAME.get(base, "")) if each in known), code)


def demonstration(model: LoadedModel) -> Caveat:
    return Caveat(
        "demonstration_model",
        f"{model.name} is a small demonstration model: its translation shows that the path works and is "
        "not fit for use. `make models` fetches the real ones.",
    )
