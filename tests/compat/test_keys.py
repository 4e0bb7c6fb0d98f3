"""The official clients at a service that wants keys."""

import json
import os
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import deepl
import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

from service.keys.key import Limits
from service.keys.store import KeyStore
from tests.integration.conftest import serving
from tests.keys import key_store

SENTENCE = "Die Brücke über den Fluss wird im Mai saniert."
ANOTHER = "Die Straße entlang dem Fluss wird im Juni neu."  # as long


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return key_store(tmp_path)


@pytest.fixture
def key(store: KeyStore) -> str:
    """For about two sentences a month."""
    return store.create("client", ["translate", "glossaries"], Limits(quota=100))[1]


@pytest.fixture
def service(tmp_path: Path, key: str) -> Iterator[httpx.Client]:
    with serving(data_dir=tmp_path) as service:
        yield service


def test_deepls_client_with_a_key_until_its_quota_is_used_up(service: httpx.Client, key: str) -> None:
    client = deepl.DeepLClient(key, server_url=str(service.base_url))
    for text in (SENTENCE, ANOTHER):  # the same again could join the first, which costs nothing
        result = client.translate_text(text, target_lang="EN-US")
        assert isinstance(result, deepl.TextResult)
        assert result.text == text.upper()
    usage = client.get_usage().character
    assert (usage.count, usage.limit, usage.limit_reached) == (len(SENTENCE) + len(ANOTHER), 100, False)
    with pytest.raises(deepl.QuotaExceededException):
        client.translate_text(SENTENCE, target_lang="EN-US")
    assert client.create_glossary("Bau", "DE", "EN", {"Rat": "council"}).entry_count == 1
    assert client.get_source_languages()


def test_deepls_client_without_a_right_key(service: httpx.Client, store: KeyStore, key: str) -> None:
    _, elsewhere = store.create("elsewhere", ["metrics"], Limits())
    _, revoked = store.create("revoked", ["translate"], Limits())
    store.revoke("revoked")
    for wrong in ("any key", key[:-1], revoked, elsewhere):
        client = deepl.DeepLClient(wrong, server_url=str(service.base_url))
        with pytest.raises(deepl.AuthorizationException):
            client.translate_text(SENTENCE, target_lang="EN-US")


def test_deepls_command_line(service: httpx.Client, key: str) -> None:
    environment = {**os.environ, "DEEPL_AUTH_KEY": key, "DEEPL_SERVER_URL": str(service.base_url)}
    command = [sys.executable, "-m", "deepl", "text", "--to", "EN-US", SENTENCE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.strip() == SENTENCE.upper(), done.stderr


def test_libretranslates_client(service: httpx.Client, key: str) -> None:
    url = str(service.base_url)
    client = LibreTranslateAPI(url, api_key=key)
    assert client.translate(SENTENCE, source="de", target="en", timeout=10) == SENTENCE.upper()
    assert client.detect(SENTENCE, timeout=10)
    assert client.languages(timeout=10)
    for api_key, status, words in ((None, 400, "get an API key"), ("wrong", 403, "not valid")):
        stranger = LibreTranslateAPI(url, api_key=api_key)
        assert stranger.languages(timeout=10)
        for call in (
            lambda stranger=stranger: stranger.translate(SENTENCE, source="de", target="en", timeout=10),
            lambda stranger=stranger: stranger.detect(SENTENCE, timeout=10),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                call()
            assert refused.value.code == status
            assert words in json.load(refused.value)["error"]
