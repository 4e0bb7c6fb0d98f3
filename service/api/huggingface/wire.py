"""The task API of Hugging Face on the wire: what comes in, what goes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.pipeline.result import Caveat

_TOKENS = Annotated[int, Field(ge=1, le=100_000)]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(extra="ignore", json_schema_extra={"examples": [fields]})


class GenerateParameters(BaseModel):
    """`max_length` and `max_new_tokens` bound a summary; a translation is never cut. The others choose how
    a model decodes, which its configuration does here: they are read, bounded and change nothing, and
    `warnings` says so."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"max_length": 120}]})

    max_length: _TOKENS | None = None
    max_new_tokens: _TOKENS | None = None
    min_length: int | None = Field(default=None, ge=0, le=100_000)
    min_new_tokens: int | None = Field(default=None, ge=0, le=100_000)
    num_beams: int | None = Field(default=None, ge=1, le=100)
    num_return_sequences: Literal[1] | None = None
    do_sample: bool | None = None
    early_stopping: bool | str | None = None
    length_penalty: float | None = None
    no_repeat_ngram_size: int | None = Field(default=None, ge=0)
    repetition_penalty: float | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, ge=0)
    top_k: int | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None


class Parameters(GenerateParameters):
    """`generate_parameters`, or its fields beside it, as older clients send them. Nothing is ever
    truncated and spaces never need cleaning: `truncation` and `clean_up_tokenization_spaces` are accepted
    and change nothing."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"src_lang": "deu_Latn", "tgt_lang": "eng_Latn"}]}
    )

    src_lang: str = "auto"
    tgt_lang: str = "en"
    clean_up_tokenization_spaces: bool | None = None
    truncation: Literal["do_not_truncate", "longest_first", "only_first", "only_second"] | None = None
    generate_parameters: GenerateParameters = GenerateParameters()

    @property
    def generation(self) -> dict[str, Any]:
        """What was asked of the decoding, wherever it stood."""
        beside = self.model_dump(include=set(GenerateParameters.model_fields), exclude_none=True)
        return beside | self.generate_parameters.model_dump(exclude_none=True)


class TranslationInput(BaseModel):
    """A text or a list of them. Other fields (`options`) are ignored."""

    model_config = _example(
        inputs="Der Stadtrat will die alte Brücke sanieren.", parameters={"src_lang": "de", "tgt_lang": "en"}
    )

    inputs: str | list[str]
    parameters: Parameters = Parameters()


class SummarizationInput(TranslationInput):
    """The summary is in `tgt_lang`, English if nothing is said."""

    model_config = _example(
        inputs="Der Stadtrat will die alte Brücke sanieren. Die Arbeiten beginnen im Mai.",
        parameters={"generate_parameters": {"max_length": 120}},
    )


class CaveatOut(BaseModel):
    """`start` and `end` are code points of the input; null where the whole is meant."""

    model_config = _example(code="language_assumed", message="Too little text to tell.", start=0, end=4)

    code: str
    message: str
    start: int | None = None
    end: int | None = None


class LanguageFoundOut(BaseModel):
    """`confidence` is between 0 and 1."""

    model_config = _example(code="de", confidence=0.99)

    code: str
    confidence: float


class _Out(BaseModel):
    detected_language: LanguageFoundOut
    warnings: list[CaveatOut]


_ABOUT: dict[str, Any] = {"detected_language": {"code": "de", "confidence": 0.99}, "warnings": []}


class TranslationTextOut(_Out):
    """Beside the text, what the official client keeps as attributes."""

    model_config = _example(translation_text="The city council wants to renovate the old bridge.", **_ABOUT)

    translation_text: str


class SummarizationOut(_Out):
    model_config = _example(summary_text="The work begins in May.", **_ABOUT)

    summary_text: str


class HuggingFaceError(BaseModel):
    """`error` is what its client shows; `code` is ours and stable."""

    error: str
    code: str
    request_id: str


def warnings(caveats: Iterable[Caveat]) -> list[CaveatOut]:
    return [
        CaveatOut(
            code=each.code,
            message=each.message,
            start=each.span.start if each.span else None,
            end=each.span.end if each.span else None,
        )
        for each in caveats
    ]
