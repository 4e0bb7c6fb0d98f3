"""All configurations and profiles together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import ConfigInvalid, SettingInvalid
from service.model_store.catalogue import EXTRACT, Catalogue, bundled_directory
from service.model_store.config import ModelConfig, Table
from service.text.language_names import language_name

PROMISED = {
    "bart-large-cnn",
    "distilbart-cnn-12-6",
    "distilbart-cnn-6-6",
    "eurollm-1.7b-instruct",
    "hy-mt2-1.8b",
    "hy-mt2-7b",
    "m2m100-418m",
    "madlad400-3b-mt",
    "mt5-small-sum-de-mit-v1",
    "nllb-200-distilled-600m",
    "opus-mt-de-en",
    "opus-mt-en-de",
    "opus-mt-tc-bible-big-gmw",
    "starter",
    "stub",
    "translategemma-4b-it",
    "wmt19-de-en",
}


@pytest.fixture(scope="module")
def bundled() -> Catalogue:
    return Catalogue.read()


@pytest.fixture
def directory(tmp_path) -> Path:
    """A folder of one's own with two of the bundled models."""
    for name in ("stub", "stub-summarizer"):
        shutil.copyfile(bundled_directory() / f"{name}.toml", tmp_path / f"{name}.toml")
    write_profiles(tmp_path, translation='["stub"]', summarization='"stub-summarizer"')
    return tmp_path


def write_profiles(directory: Path, *, auto='["mine"]', name="mine", translation='["stub"]', summarization):
    (directory / "profiles.toml").write_text(
        f"auto = {auto}\n[profiles.{name}]\ntranslation = {translation}\nsummarization = {summarization}\n"
    )


def test_every_bundled_configuration_is_valid_and_all_promised_models_are_there(bundled):
    assert bundled.models.keys() >= PROMISED
    assert {"starter", "light", "standard", "quality", "stub"} <= bundled.profiles.keys()
    assert bundled.auto == ("quality", "standard", "light", "starter")


def test_the_bundled_profiles_serve_german_to_english(bundled):
    for name, profile in bundled.profiles.items():
        translators = [bundled.model(model) for model in profile.translation]
        assert any("de" in m.source_languages and "en" in m.target_languages for m in translators), name
        if profile.summarization != EXTRACT:
            summarizer = bundled.model(profile.summarization)
            reads = "de" if profile.strategy == "direct" else "en"
            assert reads in summarizer.source_languages, name
            assert "en" in summarizer.target_languages, name


def test_profiles_never_hold_a_restricted_licence(bundled):
    for profile in bundled.profiles.values():
        assert not any(bundled.model(name).licence.restricted for name in profile.models)


def test_a_restricted_licence_says_what_it_restricts(bundled):
    restricted = [config for config in bundled.models.values() if config.licence.restricted]
    assert [config.name for config in restricted] == ["nllb-200-distilled-600m", "translategemma-4b-it"]
    assert all(config.licence.notice and config.licence.url for config in restricted)


def test_a_verified_licence_has_a_name_and_a_place(bundled):
    for config in bundled.models.values():
        if config.licence.verified:
            assert config.licence.name, config.name
            assert config.licence.url, config.name


def test_the_models_are_decoded_as_their_cards_say(bundled):
    for name in ("bart-large-cnn", "distilbart-cnn-12-6", "distilbart-cnn-6-6"):
        generation = bundled.model(name).generation
        assert (generation.beam_size, generation.length_penalty) == (4, 2.0)
        assert (generation.no_repeat_ngram_size, generation.forced_bos) == (3, "<s>")
    wmt19 = bundled.model("wmt19-de-en")
    assert (wmt19.engine, wmt19.generation.beam_size, wmt19.generation.length_penalty) == ("pytorch", 5, 1.1)
    assert bundled.model("mt5-small-sum-de-mit-v1").input.prefix == "summarize: "
    gmw = bundled.model("opus-mt-tc-bible-big-gmw").input
    assert gmw.prefix.replace("{target}", gmw.language_tokens["en"]) == ">>eng<< "
    nllb = bundled.model("nllb-200-distilled-600m").input.language_tokens
    assert (nllb["de"], nllb["en"]) == ("deu_Latn", "eng_Latn")
    assert len(nllb) >= 12


def test_a_direct_strategy_needs_a_summarizer_that_writes_another_language(directory):
    with (directory / "profiles.toml").open("a") as file:
        file.write('strategy = "direct"\n')
    with pytest.raises(ConfigInvalid) as caught:
        Catalogue.read(directory)
    assert "profiles.mine.strategy" in caught.value.message


def opus_to_english(catalogue: Catalogue) -> list[ModelConfig]:
    translators = (catalogue.model(name) for name in catalogue.profile("languages").translation)
    return [model for model in translators if model.target_languages == ("en",)]


def test_twenty_languages_and_more_reach_english_through_opus_mt(bundled):
    models = opus_to_english(bundled)
    assert all(model.repository.startswith("Helsinki-NLP/opus-mt-") for model in models)
    assert len({code for model in models for code in model.source_languages}) >= 20


def test_the_opus_models_into_english_differ_in_nothing_but_their_languages(bundled):
    own = {"name", "repository", "source_languages", "parameters", "download_mb", "description", "licence"}
    recipes = [model.model_dump(exclude=own) for model in opus_to_english(bundled)]
    assert all(recipe == recipes[0] for recipe in recipes)
    for model in opus_to_english(bundled):
        assert model.repository.lower() == f"helsinki-nlp/{model.name}"
        assert model.licence.url == f"https://huggingface.co/{model.repository}"


def test_every_model_to_be_fetched_names_its_licence_and_every_language_has_a_name(bundled):
    for config in bundled.models.values():
        if config.repository:
            assert all((config.licence.name, config.licence.url, config.description)), config.name
        for code in {*config.source_languages, *config.target_languages}:
            assert language_name(code) != code, (config.name, code)


def test_the_multilingual_models_ask_for_their_target_as_their_cards_say(bundled):
    madlad = bundled.model("madlad400-3b-mt").input
    assert madlad.prefix.replace("{target}", madlad.language_tokens["en"]) == "<2en> "
    m2m100 = bundled.model("m2m100-418m").input.language_tokens
    assert (m2m100["de"], m2m100["nb"]) == ("__de__", "__no__")


def test_the_language_models_are_asked_as_their_vendors_say(bundled):
    hy, larger = bundled.model("hy-mt2-1.8b"), bundled.model("hy-mt2-7b")
    assert hy.input.chat.startswith("Translate the following text into {target_name}. Note that")
    assert hy.input.chat.endswith("explanation:\n\n{text}")
    assert (hy.input, hy.generation, hy.limits) == (larger.input, larger.generation, larger.limits)
    assert bundled.model("eurollm-1.7b-instruct").input.chat == (
        "Translate the following {source_name} source text to {target_name}:\n"
        "{source_name}: {text} \n{target_name}: "
    )
    gemma = bundled.model("translategemma-4b-it")
    assert set(gemma.input.chat) == {"type", "source_lang_code", "target_lang_code", "text"}
    assert gemma.limits.source_tokens + gemma.limits.target_tokens <= 2048


def test_only_the_starter_and_the_stubs_are_demonstrations(bundled):
    shown = {config.name for config in bundled.models.values() if config.demonstration}
    assert shown == {"starter", "stub", "stub-crosslingual", "stub-summarizer"}


def test_a_directory_of_ones_own_replaces_the_bundled_one(directory):
    catalogue = Catalogue.read(directory)
    assert set(catalogue.models) == {"stub", "stub-summarizer"}
    assert catalogue.profile("mine").models == ("stub", "stub-summarizer")


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ({"translation": '["nix"]'}, "profiles.mine.translation", "(stub, stub-summarizer), not 'nix'"),
        ({"summarization": '"nix"'}, "profiles.mine.summarization", "not 'nix'"),
        ({"translation": '["stub-summarizer"]'}, "profiles.mine.translation", "task is translation"),
        ({"summarization": '"stub"'}, "profiles.mine.summarization", "task is summarization"),
        ({"translation": "[]"}, "profiles.mine.translation", "at least 1"),
        ({"translation": '["extract"]'}, "profiles.mine.translation", "not 'extract'"),
        ({"auto": '["nix"]'}, "auto", "a profile (mine), not 'nix'"),
        ({"auto": "[]"}, "auto", "at least 1"),
        ({"name": "auto"}, "profiles.auto", "another name"),
        ({"summarization": '"extract"\nspeed = 1'}, "profiles.mine.speed", "not a key we know"),
        ({"summarization": '"'}, "-", "valid TOML"),
    ],
)
def test_a_mistake_in_the_profiles_names_file_key_and_expectation(directory, changes, key, expected):
    write_profiles(directory, **{"summarization": '"extract"', **changes})
    with pytest.raises(ConfigInvalid) as caught:
        Catalogue.read(directory)
    assert (caught.value.file, caught.value.key) == ("profiles.toml", key)
    assert expected in caught.value.expected


def test_a_wrong_model_file_stops_the_reading(directory):
    (directory / "broken.toml").write_text('name = "broken"\n')
    with pytest.raises(ConfigInvalid, match=r"broken\.toml: task: is required"):
        Catalogue.read(directory)


def test_missing_profiles_or_a_missing_directory_are_named(directory):
    (directory / "profiles.toml").unlink()
    with pytest.raises(ConfigInvalid, match=r"profiles\.toml"):
        Catalogue.read(directory)
    with pytest.raises(ConfigInvalid, match="a directory of model configurations"):
        Catalogue.read(directory / "nowhere")


def test_an_unknown_name_is_answered_with_the_known_ones(bundled):
    with pytest.raises(SettingInvalid, match=r"'nix'.*opus-mt-de-en"):
        bundled.model("nix")
    with pytest.raises(SettingInvalid, match=r"'nix'.*auto, language-model, languages, light, quality"):
        bundled.profile("nix")
    with pytest.raises(SettingInvalid, match=r"'nix'.*standard.*opus-mt-de-en"):
        bundled.expand("nix")


def test_a_name_expands_to_a_model_or_to_the_models_of_a_profile(bundled):
    assert [config.name for config in bundled.expand("standard")] == ["opus-mt-de-en", "distilbart-cnn-12-6"]
    assert [config.name for config in bundled.expand("starter")] == ["starter"]
    assert [config.name for config in bundled.expand("wmt19-de-en")] == ["wmt19-de-en"]


def test_an_installed_package_finds_the_configurations_inside_itself(tmp_path):
    package = tmp_path / "site" / "service"
    checkout = Path(__file__).parents[3]
    ignore = shutil.ignore_patterns("__pycache__", "starter")
    shutil.copytree(checkout / "service" / "model_store", package / "model_store", ignore=ignore)
    shutil.copytree(checkout / "model_configs", package / "model_configs", ignore=ignore)
    for name in ("__init__.py", "errors.py"):
        shutil.copyfile(checkout / "service" / name, package / name)
    asked = "from service.model_store.catalogue import Catalogue; print(Catalogue.read().directory)"
    found = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=tmp_path,
        env={"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert Path(found.stdout.strip()) == (package / "model_configs").resolve()


def fields_of(table: type[Table], prefix: str = "") -> set[str]:
    """Every key a model file may have, dotted."""
    found = set()
    for name, field in table.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Table):
            found |= fields_of(inner, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def readme_table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of model_configs/README.md, without the head."""
    text = (bundled_directory() / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_readme_explains_exactly_the_fields_there_are():
    explained = [row[0].strip("`") for row in readme_table("Fields")]
    assert len(explained) == len(set(explained))
    assert set(explained) == fields_of(ModelConfig)
    assert all(row[2] for row in readme_table("Fields"))


def test_the_readme_states_the_licences_of_the_configurations(bundled):
    rows = {row[0].strip("`"): row[1:] for row in readme_table("Licences")}
    assert rows.keys() == bundled.models.keys()
    for name, (licence, read, restricted) in rows.items():
        config = bundled.model(name)
        assert licence == config.licence.name
        assert (read == "yes") == config.licence.verified, name
        assert restricted.startswith("yes") == config.licence.restricted, name


def test_the_readme_states_the_profiles_as_they_are(bundled):
    rows = {row[0].strip("`"): row[1:3] for row in readme_table("Profiles")}
    assert rows.keys() == bundled.profiles.keys()
    for name, (translation, summary) in rows.items():
        assert tuple(re.findall(r"`([^`]+)`", translation)) == bundled.profile(name).translation
        assert summary.strip("`") == bundled.profile(name).summarization
