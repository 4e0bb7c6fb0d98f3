"""How the service is put together."""

from importlib.util import find_spec

import pytest

from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from service.model_store.files import ModelFiles
from service.opening import choose_profile
from service.settings import Settings


class EverythingInstalled(ModelFiles):
    """A disk that has every model."""

    def is_installed(self, config: ModelConfig) -> bool:
        return True


@pytest.mark.skipif(find_spec("torch") is not None, reason="only without torch is the engine missing")
def test_auto_passes_over_a_profile_whose_engine_is_not_installed() -> None:
    settings, catalogue = Settings(profile="auto"), Catalogue.read()
    assert catalogue.auto.index("quality") < catalogue.auto.index("standard")
    files = EverythingInstalled(settings.models_dir, settings.hub_endpoint, settings.offline)
    assert choose_profile(settings, catalogue, files)[0] == "standard"
