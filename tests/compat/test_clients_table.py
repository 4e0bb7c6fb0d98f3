"""The table of docs/clients.md says what the tests call, of the clients that are installed."""

import deepl

from tests.openapi.clients import (
    DOCUMENT,
    FOLLOWING,
    MARKS,
    WITHOUT_THE_NETWORK,
    deepl_calls,
    deepl_refusals,
    methods,
    table,
)


def test_the_table_is_up_to_date() -> None:
    found = MARKS.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    assert found[2] == table(), "run `make examples`"


def test_every_method_of_deepls_client_is_in_it() -> None:
    listed = deepl_calls() | deepl_refusals() | FOLLOWING | WITHOUT_THE_NETWORK
    assert methods(deepl.DeepLClient) == listed
    assert len(deepl_calls()) >= 22
