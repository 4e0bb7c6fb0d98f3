"""Every model that is configured, and the profiles that serve some of them together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from service.errors import ConfigInvalid, SettingInvalid
from service.model_store.config import ModelConfig, Table, first_mistake, read_model_config

PROFILES_FILE = "profiles.toml"

EXTRACT = "extract"
"""What `summarization` says when the summary is sentences chosen from the article, without a model."""

AUTO = "auto"
"""The profile setting that takes the first profile of `auto` whose models are installed."""


Strategy = Literal["translate-then-summarize", "summarize-then-translate", "direct"]
"""How an article becomes a summary in another language; `pipeline/summarizer.py` says what each does."""


class Profile(Table):
    """Models served together: translators in order of preference, and one summarizer or "extract"."""

    description: str = ""
    translation: tuple[str, ...] = Field(min_length=1)
    summarization: str = EXTRACT
    strategy: Strategy = "translate-then-summarize"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of all models, each once, translators first."""
        summarizer = () if self.summarization == EXTRACT else (self.summarization,)
        return tuple(dict.fromkeys((*self.translation, *summarizer)))


class _ProfilesFile(Table):
    auto: tuple[str, ...] = Field(min_length=1)
    profiles: dict[str, Profile] = Field(min_length=1)


def bundled_directory() -> Path:
    """Where the configurations lie that ship with the project.

    In an installed wheel they are inside the package, in a checkout beside it.
    """
    package = Path(__file__).resolve().parents[1]
    for directory in (package / "model_configs", package.parent / "model_configs"):
        if (directory / PROFILES_FILE).is_file():
            return directory
    raise ConfigInvalid("model_configs", PROFILES_FILE, "to be installed with the package; reinstall it")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`auto` lists profile names, the best first."""

    directory: Path
    models: Mapping[str, ModelConfig]
    profiles: Mapping[str, Profile]
    auto: tuple[str, ...]

    @classmethod
    def read(cls, directory: Path | None = None) -> Catalogue:
        """All of a directory (the bundled one when None), or `ConfigInvalid` for its first mistake."""
        directory = bundled_directory() if directory is None else directory
        if not directory.is_dir():
            raise ConfigInvalid(str(directory), "-", "a directory of model configurations")
        paths = sorted(path for path in directory.glob("*.toml") if path.name != PROFILES_FILE)
        models = {path.stem: read_model_config(path) for path in paths}
        profiles = _read_profiles(directory / PROFILES_FILE)
        for name, profile in profiles.profiles.items():
            _check_profile(name, profile, models)
        for name in profiles.auto:
            if name not in profiles.profiles:
                raise ConfigInvalid(PROFILES_FILE, "auto", _one_of("a profile", name, profiles.profiles))
        return cls(directory, models, profiles.profiles, profiles.auto)

    def model(self, name: str) -> ModelConfig:
        """Raises `SettingInvalid` naming the configured ones."""
        try:
            return self.models[name]
        except KeyError:
            raise SettingInvalid(f"No model is called {name!r}. Configured: {_names(self.models)}.") from None

    def profile(self, name: str) -> Profile:
        """Raises `SettingInvalid` naming the configured ones. `auto` is not a profile: see `auto`."""
        try:
            return self.profiles[name]
        except KeyError:
            known = _names((AUTO, *self.profiles))
            raise SettingInvalid(f"No profile is called {name!r}. Known: {known}.") from None

    def expand(self, name: str) -> tuple[ModelConfig, ...]:
        """The models meant by the name of a model or a profile; a model goes first when both exist."""
        if name in self.models:
            return (self.models[name],)
        if name in self.profiles:
            return tuple(self.models[each] for each in self.profiles[name].models)
        raise SettingInvalid(
            f"Neither a model nor a profile is called {name!r}. "
            f"Profiles: {_names(self.profiles)}. Models: {_names(self.models)}."
        )


def _read_profiles(path: Path) -> _ProfilesFile:
    try:
        return _ProfilesFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(path.name, "-", "a readable UTF-8 file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(path.name, "-", f"valid TOML ({error})") from error
    except ValidationError as error:
        key, expected = first_mistake(error)
        raise ConfigInvalid(path.name, key, expected) from error


def _check_profile(name: str, profile: Profile, models: Mapping[str, ModelConfig]) -> None:
    if name == AUTO:
        raise ConfigInvalid(PROFILES_FILE, f"profiles.{name}", 'another name; "auto" chooses a profile')
    for key, listed, task in (
        ("translation", profile.translation, "translation"),
        ("summarization", (profile.summarization,), "summarization"),
    ):
        place = f"profiles.{name}.{key}"
        for model in listed:
            if key == "summarization" and model == EXTRACT:
                continue
            if model not in models:
                raise ConfigInvalid(PROFILES_FILE, place, _one_of("a configured model", model, models))
            if models[model].task != task:
                raise ConfigInvalid(
                    PROFILES_FILE, place, f"models whose task is {task}; {model} is for {models[model].task}"
                )
    if profile.strategy == "direct" and not _is_cross_lingual(profile, models):
        raise ConfigInvalid(
            PROFILES_FILE,
            f"profiles.{name}.strategy",
            "a summarizer that writes another language than it reads",
        )


def _is_cross_lingual(profile: Profile, models: Mapping[str, ModelConfig]) -> bool:
    summarizer = models.get(profile.summarization)
    return summarizer is not None and summarizer.source_languages != summarizer.target_languages


def _names(known: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(sorted(known))


def _one_of(kind: str, found: str, known: Mapping[str, object]) -> str:
    return f"{kind} ({_names(known)}), not {found!r}"
