"""One file of model_configs/, read and validated."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from service.errors import ConfigInvalid

Task = Literal["translation", "summarization"]
Engine = Literal["ct2", "pytorch", "stub"]
Architecture = Literal["marian", "bart", "t5", "mt5", "m2m100", "nllb", "fsmt", "causal", "stub"]
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]

_FULL_REVISION = re.compile(r"[0-9a-f]{40}")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_PLACEHOLDERS = frozenset({"text", "source", "target", "source_name", "target_name"})


class Table(BaseModel):
    """A table of a configuration file: unknown keys are mistakes, not comments."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Licence(Table):
    """`verified` only when somebody read the licence at its source; then `url` says where.
    `restricted` licences (non-commercial, regional) must be acknowledged before first use."""

    name: str = ""
    url: str = ""
    verified: bool = False
    restricted: bool = False
    notice: str = ""


class Limits(Table):
    """In tokens of the model's own tokenizer. `source_tokens` is the hard limit of the positions
    the model has, special tokens included; `segment_tokens` is what we give it at most, because
    quality falls long before positions run out."""

    source_tokens: int = Field(gt=0)
    segment_tokens: int = Field(gt=0)
    target_tokens: int = Field(gt=0)

    @model_validator(mode="after")
    def _segments_fit(self) -> Limits:
        if self.segment_tokens > self.source_tokens:
            raise ValueError("segment_tokens may not exceed source_tokens")
        return self


class Generation(Table):
    """Decoding defaults; the names are CTranslate2's. `forced_bos` is a token every answer starts
    with (bart-large-cnn: "<s>"), `""` for none."""

    beam_size: int = Field(default=4, ge=1, le=16)
    length_penalty: float = 1.0
    repetition_penalty: float = Field(default=1.0, ge=1.0)
    no_repeat_ngram_size: int = Field(default=0, ge=0)
    forced_bos: str = ""


class Input(Table):
    """What stands before the source text. `prefix` is written into the text (`summarize: `,
    `>>eng<< `); `{target}` in it becomes the target language's token. `language_tokens` maps our
    codes to the model's own ("de" -> "deu_Latn"); `moses_punctuation` applies the normalisation
    the model was trained with and that Marian's tokenizer leaves out.

    A decoder-only model (`causal`) is asked by a prompt instead. `chat` is what the user says, put into
    the tokenizer's chat template: a text, or the fields of its one content part. `completion` is
    written on without a template. In both `{text}` is the source, `{source}` and `{target}` are the
    language tokens (our codes where there are none), `{source_name}` and `{target_name}` the English
    names."""

    prefix: str = ""
    chat: str | dict[str, str] = ""
    completion: str = ""
    language_tokens: dict[str, str] = Field(default_factory=dict)
    moses_punctuation: bool = False

    @property
    def prompt(self) -> str:
        """Every text of `chat` or `completion`, empty where there is neither."""
        chat = "\n".join(self.chat.values()) if isinstance(self.chat, dict) else self.chat
        return chat + self.completion

    @model_validator(mode="after")
    def _prompt_is_complete(self) -> Input:
        if self.chat and self.completion:
            raise ValueError("either `chat` or `completion`, not both")
        used = _PLACEHOLDER.findall(self.prompt)
        if self.prompt and used.count("text") != 1:
            raise ValueError("a prompt holds `{text}` once")
        if unknown := sorted(set(used) - _PLACEHOLDERS):
            raise ValueError(f"a prompt knows no {{{unknown[0]}}}, only {', '.join(sorted(_PLACEHOLDERS))}")
        return self


class Weights(Table):
    """`path` names weights that ship with the project, already converted: relative to the config
    file in the file, absolute once read. `sha256` maps their file names to digests, checked at
    load and by `models verify`."""

    path: str = ""
    sha256: dict[str, str] = Field(default_factory=dict)


class ModelConfig(Table):
    """One model: where it comes from, what it can do, how it is decoded.

    `revision` is the full commit on the hub; empty, `models pull` resolves one and locks it.
    `revision_verified` only when somebody read it at its source."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    task: Task
    architecture: Architecture
    engine: Engine = "ct2"
    repository: str = ""
    revision: str = ""
    revision_verified: bool = False
    source_languages: tuple[LanguageCode, ...] = Field(min_length=1)
    target_languages: tuple[LanguageCode, ...] = Field(min_length=1)
    parameters: int = Field(ge=0, description="count of weights")
    download_mb: int = Field(ge=0, description="what `models pull` downloads, MB")
    memory_mb: int = Field(ge=0, description="process memory to plan for, MB")
    compute_type: str = "int8"
    demonstration: bool = False
    description: str = ""
    trained_on: tuple[str, ...] = Field(default=(), description="test sets that are in the training data")
    limits: Limits
    generation: Generation = Generation()
    input: Input = Input()
    licence: Licence = Licence()
    weights: Weights = Weights()

    @field_validator("revision")
    @classmethod
    def _full_revision(cls, revision: str) -> str:
        if revision and not _FULL_REVISION.fullmatch(revision):
            raise ValueError("the full 40-digit commit, or empty while nobody has verified one")
        return revision

    @model_validator(mode="after")
    def _has_a_source(self) -> ModelConfig:
        if self.engine == "stub" or self.weights.path or self.repository:
            return self
        raise ValueError("needs a `repository` on the hub or `weights.path`")

    @model_validator(mode="after")
    def _engine_can_load_it(self) -> ModelConfig:
        if self.architecture == "fsmt" and self.engine == "ct2":
            raise ValueError('`engine` must be "pytorch": CTranslate2 cannot load fsmt')
        if self.architecture == "causal" and self.engine != "pytorch":
            raise ValueError('`engine` must be "pytorch": decoder-only models are served by transformers')
        return self

    @model_validator(mode="after")
    def _is_asked_in_its_way(self) -> ModelConfig:
        if self.architecture == "causal" and not self.input.prompt:
            raise ValueError("needs `input.chat` or `input.completion`: a decoder-only model wants a prompt")
        if self.architecture != "causal" and self.input.prompt:
            raise ValueError("`input.chat` and `input.completion` are for causal models only")
        if self.architecture == "causal" and (self.input.prefix or self.input.moses_punctuation):
            raise ValueError("a causal model has a prompt and neither `input.prefix` nor `moses_punctuation`")
        return self

    @model_validator(mode="after")
    def _knows_its_language_tokens(self) -> ModelConfig:
        chosen_by_token = self.architecture in {"m2m100", "nllb"}
        if chosen_by_token or "{target}" in self.input.prefix:
            needed = {*self.target_languages, *(self.source_languages if chosen_by_token else ())}
            missing = sorted(needed - self.input.language_tokens.keys())
            if missing:
                raise ValueError(f"needs `input.language_tokens` for {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _verified_means_named(self) -> ModelConfig:
        if self.revision_verified and not self.revision:
            raise ValueError("`revision_verified` without a `revision`")
        return self

    @property
    def bundled(self) -> bool:
        """Whether the weights ship with the project."""
        return bool(self.weights.path)


def first_mistake(error: ValidationError) -> tuple[str, str]:
    """The key (dotted; "-" for the file as a whole) and what is expected there."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "-"
    if first["type"] == "extra_forbidden":
        return key, "is not a key we know; see model_configs/README.md for those there are"
    if first["type"] == "missing":
        return key, "is required"
    return key, first["msg"].removeprefix("Value error, ")


def read_model_config(path: Path) -> ModelConfig:
    """Raises `ConfigInvalid` naming the file, the key and what is expected there."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(path.name, "-", "a readable UTF-8 file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(path.name, "-", f"valid TOML ({error})") from error
    try:
        config = ModelConfig.model_validate(table)
    except ValidationError as error:
        key, expected = first_mistake(error)
        raise ConfigInvalid(path.name, key, expected) from error
    if config.name != path.stem:
        raise ConfigInvalid(path.name, "name", f'"{path.stem}", the same as the file')
    if not config.bundled:
        return config
    weights = config.weights.model_copy(update={"path": str(path.parent.resolve() / config.weights.path)})
    return config.model_copy(update={"weights": weights})
