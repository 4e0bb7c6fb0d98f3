"""Glossaries of several machines that share one PostgreSQL: each has a data folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from deepl.api_data import MultilingualGlossaryDictionaryEntries as Entries

from tests.compat.test_deepl import client_of
from tests.compat.test_deepl import one as one_of
from tests.integration.conftest import serving
from tests.integration.jobs.conftest import until
from tests.postgresql import PostgresCluster

SENTENCE = "Der Rat will die Brücke sanieren."
TERMS = [{"source": "Brücke", "target": "footbridge"}]


@pytest.fixture
def machines(postgres_cluster: PostgresCluster) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    url = postgres_cluster.new_database()
    with serving(database_url=url) as one, serving(database_url=url) as other:
        yield one, other


def test_a_glossary_made_at_one_machine_is_used_changed_and_deleted_at_the_other(
    machines: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = machines
    made = one.post("/v1/glossaries", json={"name": "Bau", "source": "de", "target": "en", "terms": TERMS})
    glossary = made.json()["id"]
    assert other.get(f"/v1/glossaries/{glossary}").json()["terms"] == TERMS
    body = {"text": SENTENCE, "source": "de", "glossary": glossary}
    [translated] = other.post("/v1/translate", json=body).json()["translations"]
    assert translated["text"] == "DER RAT WILL DIE FOOTBRIDGE SANIEREN."
    assert other.delete(f"/v1/glossaries/{glossary}").status_code == 204
    refused = one.post("/v1/translate", json=body)
    assert (refused.status_code, refused.json()["code"]) == (404, "glossary_not_found")


def test_deepls_client_may_be_sent_to_another_machine_each_time(
    machines: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = map(client_of, machines)
    made = one.create_multilingual_glossary("Bau", [Entries("DE", "EN", {"Rat": "council"})])
    other.update_multilingual_glossary_dictionary(made, Entries("DE", "EN", {"Brücke": "footbridge"}))
    kept = one.get_multilingual_glossary_entries(made, "DE", "EN")
    assert kept.dictionaries[0].entries == "Rat\tcouncil\nBrücke\tfootbridge"
    told = other.translate_text(SENTENCE, source_lang="DE", target_lang="EN-US", glossary=made)
    assert one_of(told).text == "DER COUNCIL WILL DIE FOOTBRIDGE SANIEREN."
    assert [each.name for each in one.list_multilingual_glossaries()] == ["Bau"]
    one.delete_multilingual_glossary(made)
    assert other.list_multilingual_glossaries() == []


def test_what_postgresql_does_not_take_is_refused_or_not_found(
    machines: tuple[httpx.Client, httpx.Client],
) -> None:
    one, _ = machines
    body = {"name": "Bau\0amt", "dictionaries": []}
    assert one.post("/v3/glossaries", json=body).status_code == 400
    made = client_of(one).create_multilingual_glossary("Bau", [Entries("DE", "EN", {"Rat": "council"})])
    path = f"/v3/glossaries/{made.glossary_id}/entries"
    assert one.get(path, params={"source_lang": "D\0E", "target_lang": "EN"}).status_code == 404
    assert one.get(path, params={"source_lang": "DE", "target_lang": "EN"}).status_code == 200


def test_while_the_database_is_away_only_glossaries_are_and_afterwards_they_are_back(
    postgres_cluster: PostgresCluster,
) -> None:
    url = postgres_cluster.new_database()
    body = {"text": SENTENCE, "source": "de"}
    postgres_cluster.stop()
    try:
        with serving(database_url=url, auth="off") as service:
            refused = service.post(
                "/v1/translate", json={**body, "glossary": "0" * 32}, headers={"X-Request-Timeout": "15"}
            )
            assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
            assert service.post("/v1/translate", json=body).status_code == 200
            postgres_cluster.start()
            made = {"name": "Bau", "source": "de", "target": "en", "terms": TERMS}
            until(lambda: service.post("/v1/glossaries", json=made).status_code == 201)
    finally:
        if postgres_cluster.process is None:
            postgres_cluster.start()
