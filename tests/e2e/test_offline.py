"""With models present the server needs no network: it starts, is ready and serves every pair it advertises
in a network namespace with nothing but loopback, and does so again."""

from pathlib import Path

import pytest

from tests.offline.namespace import offline_session

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(170)]


@pytest.mark.parametrize(
    "settings", [{}, {"HF_HUB_OFFLINE": "1", "KURZFASSUNG_OFFLINE": "true"}], ids=["untold", "told"]
)
def test_11_every_advertised_pair_is_served_without_a_network(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    found = offline_session(tmp_path, KURZFASSUNG_PROFILE="starter", **settings)
    assert found["outside"] == []
    assert len(found["lives"]) == 2
    for life in found["lives"]:
        assert life["pairs"] == [["de", "en"]]
        assert set(life["statuses"].values()) == {200}
        assert life["exit"] == 0
    assert found["pull"]["exit"] == 1
    assert "OFFLINE" in found["pull"]["said"]
