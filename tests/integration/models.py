"""Sets of stand-in models beyond the usual one."""

from service.backends.stub import StubBackend
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import stub_models


def two_translators() -> ModelSet:
    """Beside the stub, which writes capitals, `small` writes small letters; it reads German alone."""
    [stub] = stub_models().translators
    config = stub.config.model_copy(
        update={"name": "small", "source_languages": ("de",), "target_languages": ("en",)}
    )
    small = LoadedModel(config, StubBackend(config, decode=str.lower), "1" * 40)
    return ModelSet(profile="two", translators=[stub, small])
