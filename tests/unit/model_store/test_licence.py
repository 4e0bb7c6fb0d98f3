from __future__ import annotations

import pytest

from service.errors import LicenceNotAcknowledged
from service.model_store.catalogue import Catalogue
from service.model_store.licence import acknowledged_models, require_licence


@pytest.mark.parametrize(
    ("setting", "names"),
    [("", set()), ("a", {"a"}), (" a , b,", {"a", "b"}), (",,", set())],
)
def test_the_setting_is_a_list_with_commas(setting, names):
    assert acknowledged_models(setting) == names


def test_a_restricted_licence_is_refused_with_its_notice_and_the_exact_setting():
    config = Catalogue.read().model("nllb-200-distilled-600m")
    with pytest.raises(LicenceNotAcknowledged) as caught:
        require_licence(config, {"another"})
    assert config.licence.notice in caught.value.message
    setting = "KURZFASSUNG_ACKNOWLEDGED_LICENCES="
    value = caught.value.message.split(setting, 1)[1]
    # Doing as told helps, and forgets no earlier decision.
    assert acknowledged_models(value) == {"another", config.name}
    require_licence(config, acknowledged_models(value))


def test_an_unrestricted_licence_needs_nothing():
    require_licence(Catalogue.read().model("opus-mt-de-en"), frozenset())
