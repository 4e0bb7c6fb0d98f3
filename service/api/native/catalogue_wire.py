"""On the wire: which languages and models there are, and what one request may ask of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.api.native.wire import example
from service.api.state import EXAMPLE_LIMITS


class SourceLanguageOut(BaseModel):
    """`pivoted` are those of the targets that no single model reaches: the text goes through English, and
    the answer says so."""

    model_config = example(code="de", name="German", targets=["en"], pivoted=[])

    code: str
    name: str
    targets: list[str]
    pivoted: list[str]


class LanguagesOut(BaseModel):
    model_config = example(languages=[{"code": "de", "name": "German", "targets": ["en"], "pivoted": []}])

    languages: list[SourceLanguageOut]


class LicenceOut(BaseModel):
    model_config = example(name="Apache-2.0", verified=True, restricted=False, notice="")

    name: str
    verified: bool
    restricted: bool
    notice: str


_MODEL: dict[str, Any] = {
    "name": "opus-mt-de-en",
    "task": "translation",
    "revision": "",
    "engine": "ct2",
    "device": "cpu/int8_float32",
    "source_languages": ["de"],
    "target_languages": ["en"],
    "licence": {"name": "Apache-2.0", "verified": True, "restricted": False, "notice": ""},
    "demonstration": False,
    "segment_tokens": 200,
    "batches_at_once": 2,
    "batch_tokens": 512,
}


class ModelOut(BaseModel):
    model_config = example(**_MODEL)

    name: str
    task: Literal["translation", "summarization"]
    revision: str
    engine: str
    device: str
    source_languages: list[str]
    target_languages: list[str]
    licence: LicenceOut
    demonstration: bool
    segment_tokens: int
    batches_at_once: Annotated[int, Field(description="Threads that decode, chosen from the machine's cores")]
    batch_tokens: Annotated[int, Field(description="Padded source tokens that suit the engine together")]


class LimitsOut(BaseModel):
    """Of one request; `queue_tokens` may wait, of all requests together."""

    model_config = example(**asdict(EXAMPLE_LIMITS))

    characters: int
    body_bytes: int
    document_bytes: int
    texts: int
    terms: int
    alternatives: int
    queue_tokens: int
    request_seconds: float


class ModelsOut(BaseModel):
    model_config = example(
        profile="light",
        models=[_MODEL],
        limits=asdict(EXAMPLE_LIMITS),
    )

    profile: str
    models: list[ModelOut]
    limits: LimitsOut
