"""What DeepL's client can ask for and is not offered here: told at once, in words, and not asked again."""

from collections.abc import Callable, Iterator

import deepl
import httpx
import pytest

from tests.compat.test_deepl import client_of
from tests.integration.conftest import serving
from tests.openapi.clients import deepl_refusals

ID = "7d1b9a50-6a0e-4e7c-9f10-0d7f3f1f9c01"

CALLS: dict[str, Callable[[deepl.DeepLClient], object]] = {
    "rephrase_text": lambda it: it.rephrase_text("Guten Morgen.", target_lang="DE"),
    "correct_text": lambda it: it.correct_text("Guten Morgen.", target_lang="DE"),
    "get_all_style_rules": lambda it: it.get_all_style_rules(),
    "get_style_rule": lambda it: it.get_style_rule(ID),
    "create_style_rule": lambda it: it.create_style_rule("Stil", "de"),
    "create_style_rule_custom_instruction": lambda it: it.create_style_rule_custom_instruction(ID, "a", "b"),
    "delete_style_rule": lambda it: it.delete_style_rule(ID),
    "delete_style_rule_custom_instruction": lambda it: it.delete_style_rule_custom_instruction(ID, "1"),
    "get_style_rule_custom_instruction": lambda it: it.get_style_rule_custom_instruction(ID, "1"),
    "update_style_rule_configured_rules": lambda it: it.update_style_rule_configured_rules(ID, {}),
    "update_style_rule_custom_instruction": lambda it: it.update_style_rule_custom_instruction(
        ID, "1", "a", "b"
    ),
    "update_style_rule_name": lambda it: it.update_style_rule_name(ID, "Stil"),
    "list_translation_memories": lambda it: it.list_translation_memories(),
    "list_translation_memory_segments": lambda it: it.list_translation_memory_segments(ID),
    "get_translation_memory": lambda it: it.get_translation_memory(ID),
    "delete_translation_memory": lambda it: it.delete_translation_memory(ID),
    "get_translation_memory_job": lambda it: it.get_translation_memory_job(ID),
    "create_translation_memory_export": lambda it: it.create_translation_memory_export(ID),
    "create_translation_memory_import": lambda it: it.create_translation_memory_import("a.tmx", 1),
}


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


def requests_answered(service: httpx.Client) -> float:
    lines = service.get("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("kurzfassung_requests_total") and '"(none)"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counted)


@pytest.mark.parametrize("name", sorted(deepl_refusals()))
def test_a_call_that_is_not_offered_is_refused_once_with_a_message(service: httpx.Client, name: str) -> None:
    before = requests_answered(service)
    with pytest.raises(deepl.DeepLException, match=r"nothing at this path|^Not found"):
        CALLS[name](client_of(service))
    assert requests_answered(service) == before + 1
