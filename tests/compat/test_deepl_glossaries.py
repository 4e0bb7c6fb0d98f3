"""Glossaries through the official DeepL client, as it is installed, against the running service."""

import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import deepl
import httpx
import pytest
from deepl import util
from deepl.api_data import MultilingualGlossaryDictionaryEntries as Entries
from deepl.api_data import MultilingualGlossaryInfo

from service.backends.stub import StubBackend
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings
from service.stores import open_glossary_store
from service.terms.store import MOST_GLOSSARIES
from tests.compat.test_deepl import client_of, one
from tests.integration.conftest import serving, stub_models

SENTENCE = "Der Stadtrat will die alten Brücken sanieren."
ENTRIES = {"Brücke": "footbridge", "Stadtrat": "town council"}
NOWHERE = "96ab91fd-e715-41a1-adeb-5d701f84a483"
JSON_LINES = {"Content-Type": "application/json"}

GERMAN = Entries("DE", "EN", ENTRIES)
FRENCH = Entries("FR", "EN", {"pont": "bridge"})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(data_dir=tmp_path_factory.mktemp("data")) as service:
        yield service


@pytest.fixture
def client(service: httpx.Client) -> Iterator[deepl.DeepLClient]:
    client = client_of(service)
    yield client
    for made in client.list_multilingual_glossaries():
        client.delete_multilingual_glossary(made)


def test_18_a_glossary_in_the_request_or_stored_by_deepls_client_says_what_was_applied_and_missed(
    service: httpx.Client, client: deepl.DeepLClient
) -> None:
    terms = [{"source": source, "target": target} for source, target in ENTRIES.items()]
    stored = client.create_glossary("Bau", "DE", "EN", ENTRIES)
    for glossary in (terms, stored.glossary_id):
        body = {"text": SENTENCE, "source": "de", "glossary": glossary}
        (answer,) = service.post("/v1/translate", json=body).json()["translations"]
        assert [use["target"] for use in answer["terms"]["applied"]] == ["town council", "footbridge"]
        assert answer["terms"]["missed"] == []
    result = one(client.translate_text(SENTENCE, source_lang="DE", target_lang="EN-US", glossary=stored))
    assert result.text == answer["text"]
    asked = {"text": [SENTENCE], "source_lang": "DE", "target_lang": "EN", "glossary_id": stored.glossary_id}
    (told,) = service.post("/v2/translate", json=asked).json()["translations"]
    assert [use["source"] for use in told["terms"]["applied"]] == ["Stadtrat", "Brücke"]
    assert told["terms"]["missed"] == []


def test_18_a_term_that_could_not_be_applied_is_listed_as_missed(tmp_path: Path) -> None:
    def stubborn(source: str) -> str:
        return source.replace("footbridge", "Brücke").replace("Brücken", "eine Brücke").upper()

    with serving(stub_models(decode=stubborn), data_dir=tmp_path) as service:
        stored = client_of(service).create_glossary("Bau", "DE", "EN", {"Brücke": "footbridge"})
        asked = {"source_lang": "DE", "target_lang": "EN", "glossary_id": stored.glossary_id}
        answers = [
            service.post("/v2/translate", json={"text": [SENTENCE], **asked}),
            service.post("/v1/translate", json={"text": SENTENCE, "glossary": stored.glossary_id}),
        ]
    for answer in answers:
        (told,) = answer.json()["translations"]
        assert told["terms"]["applied"] == []
        assert [use["source"] for use in told["terms"]["missed"]] == ["Brücke"]


def test_a_glossary_is_made_seen_and_deleted(client: deepl.DeepLClient) -> None:
    before = datetime.now(UTC)
    made = client.create_glossary("Bau", "DE", "EN-US", ENTRIES)
    assert (made.name, made.source_lang, made.target_lang) == ("Bau", "DE", "EN")
    assert (made.entry_count, made.ready) == (2, True)
    assert abs(made.creation_time - before) < timedelta(minutes=1)
    for seen in (client.get_glossary(made.glossary_id), *client.list_glossaries()):
        assert vars(seen) == vars(made)
    assert client.get_glossary_entries(made) == ENTRIES
    client.delete_glossary(made)
    assert client.list_glossaries() == []
    with pytest.raises(deepl.GlossaryNotFoundException):
        client.get_glossary(made.glossary_id)


def test_the_pairs_of_languages_are_those_that_are_translated(client: deepl.DeepLClient) -> None:
    pairs = [(pair.source_lang, pair.target_lang) for pair in client.get_glossary_languages()]
    assert pairs == [("de", "en"), ("fr", "de"), ("fr", "en")]


@pytest.mark.parametrize(
    "table",
    [
        'Brücke,footbridge\n"Meier ""und"" Söhne","Meier, Sons"',
        '\ufeffBrücke,footbridge,de,en\r\n\r\n"Meier ""und"" Söhne","Meier, Sons",de,en\r\n',
    ],
)
def test_a_table_may_have_two_or_four_columns(client: deepl.DeepLClient, table: str) -> None:
    wanted = {"Brücke": "footbridge", 'Meier "und" Söhne': "Meier, Sons"}
    made = client.create_glossary_from_csv("Tabelle", "DE", "EN", io.StringIO(table))
    assert made.entry_count == 2
    assert client.get_glossary_entries(made) == wanted


def test_a_table_becomes_a_dictionary(client: deepl.DeepLClient) -> None:
    made = client.create_multilingual_glossary_from_csv("Tabelle", "DE", "EN", "Brücke,footbridge")
    client.update_multilingual_glossary_dictionary_from_csv(made, "DE", "EN", "Rat,council")
    assert dictionary(client, made) == {"Brücke": "footbridge", "Rat": "council"}
    client.replace_multilingual_glossary_dictionary_from_csv(made, "DE", "EN", "Amt,office")
    assert dictionary(client, made) == {"Amt": "office"}


def test_entries_of_any_characters_come_back_as_they_were(client: deepl.DeepLClient) -> None:
    entries = {
        "A%=&": "B&=%",
        "Δぁ": "深",
        "🪨": "🪵",
        'er sagt "ja"': "he, says; 'yes'",
        "10\xa0km": "six\xa0miles",
    }
    assert client.get_glossary_entries(client.create_glossary("bunt", "DE", "EN", entries)) == entries


def dictionary(
    client: deepl.DeepLClient, made: MultilingualGlossaryInfo, source: str = "DE", target: str = "EN"
) -> dict[str, str]:
    (found,) = client.get_multilingual_glossary_entries(made, source, target).dictionaries
    assert (found.source_lang, found.target_lang) == (source.lower(), target.lower())
    entries: dict[str, str] = util.convert_tsv_to_dict(str(found.entries))
    return entries


def sizes(made: MultilingualGlossaryInfo) -> list[tuple[str, str, int]]:
    return [(each.source_lang, each.target_lang, each.entry_count) for each in made.dictionaries]


def test_a_glossary_may_have_several_dictionaries(client: deepl.DeepLClient) -> None:
    made = client.create_multilingual_glossary("zwei", [GERMAN, FRENCH])
    assert (made.name, sizes(made)) == ("zwei", [("DE", "EN", 2), ("FR", "EN", 1)])
    for seen in (client.get_multilingual_glossary(made.glossary_id), *client.list_multilingual_glossaries()):
        assert (seen.glossary_id, seen.name) == (made.glossary_id, made.name)
        assert (seen.creation_time, sizes(seen)) == (made.creation_time, sizes(made))
    assert dictionary(client, made) == ENTRIES
    assert dictionary(client, made, "FR", "EN") == {"pont": "bridge"}
    client.delete_multilingual_glossary(made)
    assert client.list_multilingual_glossaries() == []


def test_a_dictionary_is_added_to_replaced_and_deleted(client: deepl.DeepLClient) -> None:
    made = client.create_multilingual_glossary("Bau", [GERMAN])
    added = Entries("DE", "EN", {"Stadtrat": "city council", "Amt": "office"})
    updated = client.update_multilingual_glossary_dictionary(made, added)
    assert sizes(updated) == [("DE", "EN", 3)]
    assert dictionary(client, made) == {"Brücke": "footbridge", **added.entries}
    assert sizes(client.update_multilingual_glossary_dictionary(made, FRENCH))[1] == ("FR", "EN", 1)
    replaced = client.replace_multilingual_glossary_dictionary(made, Entries("DE", "EN", {"Amt": "office"}))
    assert (replaced.source_lang, replaced.target_lang, replaced.entry_count) == ("DE", "EN", 1)
    assert dictionary(client, made) == {"Amt": "office"}
    client.delete_multilingual_glossary_dictionary(made, replaced)
    assert sizes(client.get_multilingual_glossary(made.glossary_id)) == [("FR", "EN", 1)]
    for again in (
        lambda: client.delete_multilingual_glossary_dictionary(made, source_lang="DE", target_lang="EN"),
        lambda: dictionary(client, made),
    ):
        with pytest.raises(deepl.GlossaryNotFoundException, match="no dictionary"):
            again()


def test_a_glossary_gets_a_new_name(client: deepl.DeepLClient) -> None:
    made = client.create_multilingual_glossary("Bau", [GERMAN])
    assert client.update_multilingual_glossary_name(made, "Neubau").name == "Neubau"
    assert client.get_glossary(made.glossary_id).name == "Neubau"
    assert sizes(client.get_multilingual_glossary(made.glossary_id)) == sizes(made)


def test_one_with_a_single_dictionary_is_seen_in_all_versions_one_with_several_only_in_the_third(
    service: httpx.Client, client: deepl.DeepLClient
) -> None:
    pair = client.create_glossary("eins", "DE", "EN", ENTRIES)
    several = client.create_multilingual_glossary("zwei", [GERMAN, FRENCH])
    assert [each.name for each in client.list_multilingual_glossaries()] == ["eins", "zwei"]
    assert [each.name for each in client.list_glossaries()] == ["eins"]
    assert [each["name"] for each in service.get("/v1/glossaries").json()["glossaries"]] == ["eins"]
    assert client.update_multilingual_glossary_name(pair.glossary_id, "Eins").glossary_id == pair.glossary_id
    for read in (client.get_glossary, client.get_glossary_entries):
        with pytest.raises(deepl.DeepLException, match="2 dictionaries") as refused:
            read(several.glossary_id)
        assert refused.value.http_status_code == 400
    assert service.get(f"/v1/glossaries/{several.glossary_id}").status_code == 422
    body = {"text": SENTENCE, "glossary": several.glossary_id}
    (answer,) = service.post("/v1/translate", json=body).json()["translations"]
    assert len(answer["terms"]["applied"]) == 2


def test_the_dictionary_for_the_languages_translated_is_applied(client: deepl.DeepLClient) -> None:
    several = client.create_multilingual_glossary("zwei", [GERMAN, FRENCH])
    into_english = client.translate_text(SENTENCE, source_lang="DE", target_lang="EN-GB", glossary=several)
    assert "TOWN COUNCIL" in one(into_english).text.upper()
    from_french = client.translate_text(
        "Le pont est vieux.", source_lang="FR", target_lang="EN-US", glossary=several.glossary_id
    )
    assert one(from_french).text.upper() == "LE BRIDGE EST VIEUX."
    pair = client.create_glossary("eins", "DE", "EN", {"Apfel": "Apple", "Banane": "Banana"})
    results = client.translate_text_with_glossary(["Apfel", "Banane"], pair)
    assert [result.text.casefold() for result in results] == ["apple", "banana"]


def test_of_several_glossaries_the_first_that_has_a_term_counts(client: deepl.DeepLClient) -> None:
    first = client.create_glossary("eins", "DE", "EN", {"Brücke": "viaduct"})
    second = client.create_multilingual_glossary("zwei", [GERMAN, FRENCH])
    result = client.translate_text(
        SENTENCE, source_lang="DE", target_lang="EN-US", glossary_ids=[first, second.glossary_id]
    )
    assert "VIADUCT" in one(result).text.upper()
    assert "TOWN COUNCIL" in one(result).text.upper()


def test_a_changed_glossary_is_used_at_once(client: deepl.DeepLClient) -> None:
    made = client.create_multilingual_glossary("Bau", [GERMAN])
    for target in ("viaduct", "crossing"):
        client.replace_multilingual_glossary_dictionary(made, Entries("DE", "EN", {"Brücke": target}))
        options = {"source_lang": "DE", "target_lang": "EN-US", "glossary": made.glossary_id}
        assert target in one(client.translate_text(SENTENCE, **options)).text.casefold()


@pytest.mark.parametrize(
    ("options", "message", "status"),
    [
        ({"glossary": NOWHERE}, "no glossary", 404),
        ({"glossary": "nonsense"}, "UUID", 400),
        ({"glossary_ids": [NOWHERE, "nonsense"]}, "UUID", 400),
        ({"glossary": NOWHERE, "extra_body_parameters": {"glossary_ids": [NOWHERE]}}, "not both", 400),
        ({"extra_body_parameters": {"glossary_ids": [NOWHERE] * 6}}, "At most 5", 400),
    ],
    ids=str,
)
def test_a_glossary_that_cannot_be_found_is_told(
    client: deepl.DeepLClient, options: dict[str, object], message: str, status: int
) -> None:
    with pytest.raises(deepl.DeepLException, match=message) as refused:
        client.translate_text(SENTENCE, source_lang="DE", target_lang="EN-US", **options)  # type: ignore[arg-type]  # of several kinds
    assert refused.value.http_status_code == status


def test_a_glossary_for_other_languages_is_refused(client: deepl.DeepLClient) -> None:
    made = client.create_glossary("Bau", "DE", "EN", ENTRIES)
    with pytest.raises(deepl.DeepLException, match="no dictionary for FR to EN") as refused:
        client.translate_text("Un pont.", source_lang="FR", target_lang="EN-US", glossary=made.glossary_id)
    assert refused.value.http_status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/glossaries/{}"),
        ("GET", "/v2/glossaries/{}/entries"),
        ("DELETE", "/v2/glossaries/{}"),
        ("GET", "/v3/glossaries/{}"),
        ("PATCH", "/v3/glossaries/{}"),
        ("DELETE", "/v3/glossaries/{}"),
        ("GET", "/v3/glossaries/{}/entries?source_lang=DE&target_lang=EN"),
        ("PUT", "/v3/glossaries/{}/dictionaries"),
        ("DELETE", "/v3/glossaries/{}/dictionaries?source_lang=DE&target_lang=EN"),
    ],
)
def test_an_id_that_is_none_is_wrong_and_one_that_is_unknown_not_found(
    service: httpx.Client, method: str, path: str
) -> None:
    body = {"source_lang": "DE", "target_lang": "EN", "entries": "a\tb", "entries_format": "tsv"}
    for identity, status in (("invalid_glossary_id", 400), (NOWHERE, 404)):
        response = service.request(method, path.format(identity), json=body)
        assert response.status_code == status
        assert isinstance(response.json()["message"], str)
        assert response.headers["x-trace-id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"entries": ""}, "at least one"),
        ({"entries": "\n \n"}, "at least one"),
        ({"entries": "Brücke"}, "Entry 1 is not"),
        ({"entries": "a\tb\nBrücke\tbridge\tx"}, "Entry 2 is not"),
        ({"entries": "a\tb\na\tc"}, "before"),
        ({"entries": "a\t"}, "empty"),
        ({"entries": "a\tb\x07"}, "control"),
        ({"entries": "a\t" + "b" * 201}, "200 characters"),
        ({"entries": 'a,b\n"c', "entries_format": "csv"}, "not valid CSV"),
        ({"entries": "a,b,c", "entries_format": "csv"}, "Entry 1 is not"),
        ({"entries": "a\tb", "entries_format": "xlsx"}, "entries_format"),
        ({"entries": "a\tb", "name": ""}, "name"),
        ({"entries": "a\tb", "name": "\ud800"}, "name"),
        ({"entries": "\ud800\tb"}, "control"),
        ({"entries": "a\tb", "source_lang": "XX"}, "source_lang.*not supported"),
        ({"entries": "a\tb", "target_lang": "XX"}, "target_lang.*not supported"),
        ({"entries": "a\tb", "target_lang": "DE"}, "target_lang.*not supported"),
        ({"entries": "\n".join(f"{n}\tb" for n in range(10_001))}, "10,000"),
    ],
    ids=lambda value: str(value).encode("ascii", "backslashreplace").decode()[:40],
)
def test_entries_that_cannot_be_used_are_refused_in_every_version_with_the_reason(
    service: httpx.Client, fields: dict[str, str], message: str
) -> None:
    dictionary = {"source_lang": "DE", "target_lang": "EN", "entries_format": "tsv", **fields}
    name = dictionary.pop("name", "Bau")
    for path, body in (
        ("/v2/glossaries", {"name": name, **dictionary}),
        ("/v3/glossaries", {"name": name, "dictionaries": [dictionary]}),
    ):
        # As any client may send it: lone surrogates are valid JSON.
        response = service.post(path, content=json.dumps(body).encode(), headers=JSON_LINES)
        assert response.status_code == 400
        assert re.search(message, response.json()["message"])
        assert "Brücke" not in response.text
    assert service.get("/v3/glossaries").json() == {"glossaries": []}


def test_two_dictionaries_for_the_same_languages_are_refused(client: deepl.DeepLClient) -> None:
    with pytest.raises(deepl.DeepLException, match="one dictionary") as refused:
        client.create_multilingual_glossary("Bau", [GERMAN, GERMAN])
    assert refused.value.http_status_code == 400


def test_a_form_makes_a_glossary_too(service: httpx.Client, client: deepl.DeepLClient) -> None:
    form = {"name": "Bau", "source_lang": "de", "target_lang": "en-GB", "entries_format": "tsv"}
    made = service.post("/v2/glossaries", data={**form, "entries": "Brücke\tfootbridge"})
    assert made.status_code == 201
    assert client.get_glossary_entries(made.json()["glossary_id"]) == {"Brücke": "footbridge"}


def test_ten_thousand_entries_are_kept_and_applied(client: deepl.DeepLClient) -> None:
    entries = {f"Source-${number}": f"Target-${number}" for number in range(9_999)} | {"Brücke": "footbridge"}
    made = client.create_glossary("viel", "DE", "EN", entries)
    assert made.entry_count == len(entries)
    assert client.get_glossary_entries(made) == entries
    text = "Die Brücke war Source-$4711."
    result = client.translate_text(text, source_lang="DE", target_lang="EN-US", glossary=made)
    assert one(result).text.casefold() == "die footbridge war target-$4711."


def test_no_more_glossaries_than_are_kept(tmp_path: Path) -> None:
    with serving(data_dir=tmp_path) as service:
        client = client_of(service)
        client.create_multilingual_glossary("0", [GERMAN])
        with closing(sqlite3.connect(tmp_path / "glossaries.sqlite")) as file, file:
            many = ((f"{number:032x}", str(number), "2026-01-01T00:00:00+00:00") for number in range(1, 1000))
            file.executemany("INSERT INTO glossaries (id, name, created) VALUES (?, ?, ?)", many)
        assert len(client.list_multilingual_glossaries()) == MOST_GLOSSARIES
        with pytest.raises(deepl.DeepLException, match="delete one first") as refused:
            client.create_glossary("zu viel", "DE", "EN", ENTRIES)
    assert refused.value.http_status_code == 400
    assert open_glossary_store(Settings(data_dir=tmp_path)).all()[0].dictionaries == ()


def test_a_glossary_is_for_languages_that_one_model_translates(tmp_path: Path) -> None:
    stub = Catalogue.read().model("stub")
    translators = []
    for source, target in (("de", "en"), ("en", "fr")):
        languages = {"source_languages": (source,), "target_languages": (target,)}
        config = stub.model_copy(update={"name": f"{source}-{target}", **languages})
        translators.append(LoadedModel(config, StubBackend(config), ""))
    models = ModelSet(profile="pivot", translators=translators)
    with serving(models, data_dir=tmp_path) as service:
        client = client_of(service)
        pairs = [(pair.source_lang, pair.target_lang) for pair in client.get_glossary_languages()]
        assert pairs == [("de", "en"), ("en", "fr")]
        with pytest.raises(deepl.DeepLException, match=r"target_lang.*not supported"):
            client.create_glossary("durch", "DE", "FR", {"Brücke": "pont"})
        terms = [{"source": "Brücke", "target": "pont"}]
        body = {"name": "durch", "source": "de", "target": "fr", "terms": terms}
        made = service.post("/v1/glossaries", json=body).json()["id"]
        with pytest.raises(deepl.DeepLException, match="one model from DE to FR"):
            client.translate_text(SENTENCE, source_lang="DE", target_lang="FR", glossary=made)
