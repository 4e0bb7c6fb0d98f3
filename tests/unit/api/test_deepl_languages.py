import pytest

from service.api.deepl.languages import require_languages, source_languages, target_languages
from service.backends.stub import StubBackend
from service.errors import UnsupportedLanguage
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet


@pytest.fixture(scope="module")
def many() -> ModelSet:
    """The languages of a model of many."""
    config = Catalogue.read().model("nllb-200-distilled-600m")
    return ModelSet(profile="many", translators=[LoadedModel(config, StubBackend(config), "")])


def test_codes_are_written_as_deepl_writes_them_with_a_name_each(many: ModelSet) -> None:
    sources = {each.language: each.name for each in source_languages(many)}
    targets = {each.language: each.name for each in target_languages(many)}
    assert {"DE", "EN", "PT", "ZH", "NB"} <= sources.keys()
    assert {"DE", "EN-GB", "EN-US", "PT-BR", "PT-PT", "ZH-HANS", "NB"} <= targets.keys()
    assert not {"EN", "PT", "ZH"} & targets.keys()
    assert all(code != name for code, name in {**sources, **targets}.items())


@pytest.mark.parametrize("target", ["EN", "EN-US", "EN-GB", "PT", "PT-BR", "ZH", "ZH-HANS", "UK"])
@pytest.mark.parametrize("source", [None, "DE", "DE-AT", "EN-US"])
def test_what_is_listed_is_supported_and_so_is_its_base(
    many: ModelSet, source: str | None, target: str
) -> None:
    require_languages(many, source=source, target=target)
    assert many.target_language(target.lower()) in many.pairs["de"] + ["de"]


@pytest.mark.parametrize(("source", "target"), [("DE", "XX"), ("XX", "EN-US"), (None, "EN-XX"), ("DE", "")])
def test_anything_else_is_refused_with_what_there_is(many: ModelSet, source: str | None, target: str) -> None:
    with pytest.raises(UnsupportedLanguage, match="not supported"):
        require_languages(many, source=source, target=target)
