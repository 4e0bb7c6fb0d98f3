from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import ctranslate2
import pytest

from service.backends.ct2 import CT2Backend, batching_for
from service.backends.protocol import GenerationOptions
from service.backends.tokenization import load_tokenizer
from service.errors import GenerationFailed, ModelDamaged
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from tests.benchmarks.articles import article_sentences

GREEDY = GenerationOptions(beam_size=1, max_decoding_length=90, source_language="de", target_language="en")
BEAM = replace(GREEDY, beam_size=4)


def test_the_random_model_says_something_different_for_each_sentence(
    config: ModelConfig, model_directory: Path, backend: CT2Backend, sentences: list[str]
) -> None:
    """Else the other tests would prove little."""
    hypotheses = backend.generate(sentences, GREEDY)
    assert len({hypothesis.target for hypothesis in hypotheses}) == len(sentences)
    assert len({hypothesis.tokens for hypothesis in hypotheses}) >= 5
    assert all(hypothesis.complete for hypothesis in hypotheses)
    tokenizer = load_tokenizer(config, model_directory)
    translator = ctranslate2.Translator(str(model_directory))
    decoded = translator.translate_batch([tokenizer.encode(s) for s in sentences], beam_size=1)
    assert len({token for result in decoded for token in result.hypotheses[0]}) >= 10


@pytest.mark.parametrize("options", [GREEDY, BEAM], ids=["greedy", "beam"])
def test_a_batch_gives_what_its_sources_give_alone_and_in_order(
    backend: CT2Backend, sentences: list[str], options: GenerationOptions
) -> None:
    together = backend.generate(sentences, options)
    alone = [backend.generate([sentence], options)[0] for sentence in sentences]
    assert [hypothesis.target for hypothesis in together] == [hypothesis.target for hypothesis in alone]
    assert [hypothesis.tokens for hypothesis in together] == [hypothesis.tokens for hypothesis in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-4)
    assert backend.generate(sentences[::-1], options)[-1].target == together[0].target


def test_the_starter_says_of_a_sentence_the_same_whatever_it_shares_a_batch_with() -> None:
    """Strangers' sentences share batches, answers are kept for others, jobs resume: a vocabulary map, whose
    candidates are those of a whole batch, changes every sixth answer."""
    starter = Catalogue.read().model("starter")
    backend = CT2Backend(starter, Path(starter.weights.path), device="cpu", threads=2)
    sentences = article_sentences(7, 40)
    together = [hypothesis.target for hypothesis in backend.generate(sentences, BEAM)]
    assert together == [backend.generate([sentence], BEAM)[0].target for sentence in sentences]


def test_small_weights_get_smaller_batches_because_they_stay_in_the_caches(backend: CT2Backend) -> None:
    assert backend.batching == batching_for("cpu", 1_000_000, threads=backend.batching.at_once)
    assert backend.batching.tokens < batching_for("cpu", 75_000_000, threads=2).tokens


def test_a_graphics_card_gets_one_batch_at_a_time() -> None:
    batching = batching_for("cuda", 1_000_000, threads=8)
    assert (batching.at_once, batching.lets_pass) == (1, False)


def test_no_sources_give_no_hypotheses(backend: CT2Backend) -> None:
    assert backend.generate([], GREEDY) == []


def test_a_source_over_the_limit_is_refused_and_never_cut(backend: CT2Backend, sentences: list[str]) -> None:
    source = "Ja"
    while backend.count_tokens(f"{source} ja") <= backend.max_source_tokens:
        source += " ja"
    assert len(backend.generate([source], GREEDY)) == 1
    with pytest.raises(GenerationFailed):
        backend.generate([sentences[0], f"{source} ja"], GREEDY)


@pytest.mark.parametrize("options", [GREEDY, BEAM], ids=["greedy", "beam"])
def test_a_target_that_reaches_the_cap_is_not_complete(
    backend: CT2Backend, sentences: list[str], options: GenerationOptions
) -> None:
    for whole, capped in zip(
        backend.generate(sentences, GREEDY),
        backend.generate(sentences, replace(options, max_decoding_length=4)),
        strict=True,
    ):
        assert capped.tokens <= 4
        if options is GREEDY:
            assert capped.complete == (whole.tokens < 4)
            assert capped.tokens == min(whole.tokens, 4)
    assert not all(h.complete for h in backend.generate(sentences, replace(options, max_decoding_length=4)))


def test_more_than_256_tokens_are_decoded_when_they_are_asked_for(
    config: ModelConfig, model_directory: Path
) -> None:
    """CTranslate2's own limit, when none is given, cuts the answer there."""
    backend = CT2Backend(config, model_directory, device="cpu", threads=1)
    long = replace(GREEDY, max_decoding_length=300, min_decoding_length=300)
    (hypothesis,) = backend.generate(["Ja."], long)
    assert hypothesis.tokens == 300


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize("cap", [5, 90])
def test_a_score_is_the_mean_log_probability_of_the_target_tokens(
    config: ModelConfig,
    model_directory: Path,
    backend: CT2Backend,
    sentences: list[str],
    beam_size: int,
    length_penalty: float,
    cap: int,
) -> None:
    """Against the log-probabilities that CTranslate2 gives when the target is known."""
    options = replace(GREEDY, beam_size=beam_size, length_penalty=length_penalty, max_decoding_length=cap)
    options = replace(options, min_decoding_length=0)
    tokenizer = load_tokenizer(config, model_directory)
    translator = ctranslate2.Translator(str(model_directory), compute_type="float32")
    sources = [tokenizer.encode(sentence) for sentence in sentences]
    decoded = translator.translate_batch(
        sources,
        beam_size=beam_size,
        length_penalty=length_penalty,
        max_decoding_length=cap,
        min_decoding_length=0,
        disable_unk=True,
    )
    targets = [result.hypotheses[0] for result in decoded]
    scored = translator.score_batch(sources, targets)
    for hypothesis, target, known in zip(backend.generate(sentences, options), targets, scored, strict=True):
        assert hypothesis.tokens == len(target)
        # The last log-probability is the end token's, which an unfinished target does not have.
        expected = known.log_probs if hypothesis.complete else known.log_probs[:-1]
        assert hypothesis.score == pytest.approx(sum(expected) / len(expected), abs=1e-4)


def test_a_source_that_was_counted_before_is_translated_as_one_that_was_not(
    config: ModelConfig, model_directory: Path, sentences: list[str]
) -> None:
    sources = [*sentences, "Ja, ja und ja. " * 30]
    fresh = CT2Backend(config, model_directory, device="cpu", threads=1)
    other = CT2Backend(config, model_directory, device="cpu", threads=1)
    for source in sources:
        assert other.count_tokens(source) == other.count_tokens(source)
    assert other.generate(sources[:-1], GREEDY) == fresh.generate(sources[:-1], GREEDY)
    assert other.count_tokens(sources[-1]) == fresh.count_tokens(sources[-1])


def test_sixteen_threads_may_count_at_once(backend: CT2Backend, sentences: list[str]) -> None:
    expected = [backend.count_tokens(sentence) for sentence in sentences]

    def count(_: int) -> list[int]:
        return [backend.count_tokens(sentence) for sentence in sentences]

    with ThreadPoolExecutor(16) as pool:
        assert all(counts == expected for counts in pool.map(count, range(160)))


def test_german_quotation_marks_reach_the_model_as_it_was_trained(backend: CT2Backend) -> None:
    german, plain = backend.generate(["„Ja“ – sagte sie …", '"Ja" - sagte sie ...'], GREEDY)
    assert german.target == plain.target
    assert backend.count_tokens("„Ja“") == backend.count_tokens('"Ja"')


def test_without_normalisation_the_quotation_marks_would_arrive_as_they_are(
    config: ModelConfig, model_directory: Path
) -> None:
    raw = config.model_copy(update={"input": config.input.model_copy(update={"moses_punctuation": False})})
    backend = CT2Backend(raw, model_directory, device="cpu", threads=1)
    german, plain = backend.generate(["„Ja“ – sagte sie …", '"Ja" - sagte sie ...'], GREEDY)
    assert german.target != plain.target


def test_half_precision_on_a_cpu_becomes_float32(config: ModelConfig, model_directory: Path) -> None:
    half = config.model_copy(update={"compute_type": "float16"})
    backend = CT2Backend(half, model_directory, device="cpu", threads=1)
    assert backend.device == "cpu/float32"


def test_int8_on_a_cpu_stays_int8(config: ModelConfig, model_directory: Path) -> None:
    backend = CT2Backend(
        config.model_copy(update={"compute_type": "int8"}), model_directory, device="cpu", threads=1
    )
    assert backend.device.startswith("cpu/int8")
    assert backend.generate(["Ja."], GREEDY)[0].target


def test_weights_that_are_not_a_model_are_reported_as_damage(
    config: ModelConfig, model_directory: Path, tmp_path: Path
) -> None:
    shutil.copytree(model_directory, tmp_path / "model")
    (tmp_path / "model" / "model.bin").write_bytes(b"nothing")
    with pytest.raises(ModelDamaged, match="opus-mt-de-en"):
        CT2Backend(config, tmp_path / "model", device="cpu", threads=1)


@pytest.mark.parametrize("missing", ["source.spm", "target.spm", "shared_vocabulary.json", "model.bin"])
def test_a_missing_file_is_reported_as_damage(
    config: ModelConfig, model_directory: Path, tmp_path: Path, missing: str
) -> None:
    shutil.copytree(model_directory, tmp_path / "model")
    (tmp_path / "model" / missing).unlink()
    with pytest.raises(ModelDamaged):
        CT2Backend(config, tmp_path / "model", device="cpu", threads=1)


def test_a_closed_backend_fails_in_our_own_words(config: ModelConfig, model_directory: Path) -> None:
    backend = CT2Backend(config, model_directory, device="cpu", threads=1)
    backend.close()
    with pytest.raises(GenerationFailed):
        backend.generate(["Ja."], GREEDY)


@pytest.mark.parametrize("alignment", [False, True])
def test_the_next_best_change_nothing_about_the_best(
    backend: CT2Backend, sentences: list[str], alignment: bool
) -> None:
    alone = replace(BEAM, alignment=alignment)
    ranked = backend.generate([*sentences, " "], replace(alone, hypotheses=4))
    assert [replace(each, others=()) for each in ranked] == backend.generate([*sentences, " "], alone)
    assert ranked[-1].others == ()
    for best in ranked[:-1]:
        assert len({best.target, *(each.target for each in best.others)}) >= 3
        assert len(best.others) == 3
        assert not any(each.others for each in best.others)
        for each in best.others:
            assert alignment or each.alignment is None
            assert all(one < len(each.target.split()) for _, one in each.alignment or ())
