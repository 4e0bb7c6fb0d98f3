from __future__ import annotations

from dataclasses import replace

import pytest

from service.backends.protocol import GenerationOptions
from service.backends.stub import StubBackend
from service.errors import GenerationFailed
from service.model_store.catalogue import Catalogue

OPTIONS = GenerationOptions(source_language="de", target_language="en")


@pytest.fixture
def stub() -> StubBackend:
    return StubBackend(Catalogue.read().model("stub"))


def test_one_hypothesis_per_source_in_order(stub: StubBackend) -> None:
    assert [h.target for h in stub.generate(["eins", "zwei drei", "vier"], OPTIONS)] == [
        "EINS",
        "ZWEI DREI",
        "VIER",
    ]


def test_no_sources_give_no_hypotheses(stub: StubBackend) -> None:
    assert stub.generate([], OPTIONS) == []


def test_a_source_over_the_limit_is_refused_and_never_cut(stub: StubBackend) -> None:
    longest = " ".join(["ja"] * (stub.max_source_tokens - 1))
    assert stub.count_tokens(longest) == stub.max_source_tokens
    assert stub.generate([longest], OPTIONS)[0].complete
    with pytest.raises(GenerationFailed):
        stub.generate(["ja", f"{longest} ja"], OPTIONS)


def test_a_target_over_the_cap_is_not_complete(stub: StubBackend) -> None:
    cut, unsure, whole = stub.generate(["a b c", "a b", "a"], replace(OPTIONS, max_decoding_length=2))
    assert (cut.target, cut.tokens, cut.complete) == ("A B", 2, False)
    # Every step went into the words: nobody knows whether another would have followed.
    assert (unsure.target, unsure.tokens, unsure.complete) == ("A B", 2, False)
    assert (whole.target, whole.tokens, whole.complete) == ("A", 1, True)


def test_a_planted_fault_shows_in_its_own_hypothesis_only() -> None:
    stub = StubBackend(Catalogue.read().model("stub"), decode=lambda source: source.replace("zwei", ""))
    assert [h.target for h in stub.generate(["eins", "zwei"], OPTIONS)] == ["eins", ""]


def test_a_batch_with_the_planted_failure_fails() -> None:
    stub = StubBackend(Catalogue.read().model("stub"), fail_on="zwei")
    assert stub.generate(["eins"], OPTIONS)[0].target == "EINS"
    with pytest.raises(GenerationFailed):
        stub.generate(["eins", "zwei"], OPTIONS)


def test_the_gate_sees_each_batch_before_it_is_decoded() -> None:
    seen: list[list[str]] = []
    stub = StubBackend(Catalogue.read().model("stub"), gate=lambda batch: seen.append(list(batch)))
    stub.generate(["eins", "zwei"], OPTIONS)
    assert seen == [["eins", "zwei"]]


def test_a_closed_stub_fails(stub: StubBackend) -> None:
    stub.close()
    with pytest.raises(GenerationFailed):
        stub.generate(["ja"], OPTIONS)


def test_the_next_best_come_with_the_best_where_they_are_asked_for(stub: StubBackend) -> None:
    [best] = stub.generate(["eins zwei drei"], replace(OPTIONS, hypotheses=3))
    assert replace(best, others=()) == stub.generate(["eins zwei drei"], OPTIONS)[0]
    assert [each.target for each in best.others] == ["eins ZWEI DREI", "eins zwei DREI"]
    assert best.score > best.others[0].score > best.others[1].score
