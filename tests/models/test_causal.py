"""Decoder-only models: the prompt that is read, what is written after it, and when that ends. The contract
they share with the other engines is tested in test_engines.py."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
import transformers

from service.backends.causal import CausalBackend
from service.backends.loading import load_backend
from service.backends.prompt import Prompt
from service.backends.protocol import NOTHING, GenerationOptions
from service.batching.batcher import Batcher
from service.errors import GenerationFailed, ModelDamaged
from service.model_store.catalogue import Catalogue
from service.model_store.config import Input, ModelConfig
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.models import LoadedModel, ModelSet
from tests.models import causal_checkpoints
from tests.models.checkpoints import SOURCES, target_of

pytestmark = pytest.mark.models

GREEDY = GenerationOptions(beam_size=1, max_decoding_length=60, source_language="de", target_language="en")
HALF = causal_checkpoints.POSITIONS // 2
SPELLED = {
    "eurollm-1.7b-instruct": "<|im_end|>",
    "hy-mt2-1.8b": "<|hy_User|>",
    "translategemma-4b-it": "<end_of_turn>",
}


def tiny(name: str) -> ModelConfig:
    """The real configuration file; only its lengths are cut down to the tiny model's positions."""
    real = Catalogue.read().model(name)
    limits = real.limits.model_copy(
        update=dict.fromkeys(("source_tokens", "segment_tokens", "target_tokens"), HALF)
    )
    return real.model_copy(update={"limits": limits, "compute_type": "float32"})


@pytest.fixture(scope="module")
def directories(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    torch.set_num_threads(1)
    return cache(lambda name: causal_checkpoints.MADE[name](tmp_path_factory.mktemp(name), tiny(name)))


@pytest.fixture(params=causal_checkpoints.MADE)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backend(name: str, directories: Callable[[str], Path]) -> CausalBackend:
    made = load_backend(tiny(name), directories(name), device="cpu", threads=1)
    assert isinstance(made, CausalBackend)
    return made


@pytest.fixture
def tokenizer(name: str, directories: Callable[[str], Path]) -> transformers.PreTrainedTokenizerFast:
    return transformers.AutoTokenizer.from_pretrained(directories(name))


def test_a_tiny_model_answers_what_it_learnt_and_nothing_of_the_prompt(backend: CausalBackend) -> None:
    hypotheses = backend.generate(SOURCES, GREEDY)
    assert [h.target for h in hypotheses] == [target_of(source) for source in SOURCES]
    assert all(h.complete for h in hypotheses)
    assert [h.target for h in backend.generate(SOURCES, replace(GREEDY, beam_size=4))] == [
        target_of(source) for source in SOURCES
    ]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            "eurollm-1.7b-instruct",
            "<|im_start|>system\n<|im_end|>\n<|im_start|>user\nTranslate the following German source text to "
            "English:\nGerman: Nein. \nEnglish: <|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "hy-mt2-1.8b",
            "<|hy_begin|><|hy_User|>Translate the following text into English. Note that you should only "
            "output the translated result without any additional explanation:\n\nNein.<|hy_Assistant|>",
        ),
        (
            "translategemma-4b-it",
            "<bos><start_of_turn>user\nYou are a professional German (de) to English (en) translator. "
            "Produce only the English translation.\n\n\nNein.<end_of_turn>\n<start_of_turn>model\n",
        ),
    ],
)
def test_the_prompt_is_the_vendors(directories: Callable[[str], Path], model: str, expected: str) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(directories(model))
    read = Prompt(tiny(model), tokenizer).encode("  Nein. ", "de", "en")
    assert tokenizer.decode(read) == expected
    assert read == tokenizer(expected, add_special_tokens=False)["input_ids"]


def test_a_field_of_the_prompt_may_hold_the_models_own_language_code(
    directories: Callable[[str], Path],
) -> None:
    model = "translategemma-4b-it"
    tokenizer = transformers.AutoTokenizer.from_pretrained(directories(model))
    read = Prompt(tiny(model), tokenizer).encode("Nei.", "nb", "en")
    assert "Norwegian (no) to English (en)" in tokenizer.decode(read)


def test_a_language_that_the_template_does_not_know_is_said_at_the_start(
    directories: Callable[[str], Path],
) -> None:
    config = tiny("translategemma-4b-it")
    beyond = config.model_copy(update={"source_languages": (*config.source_languages, "xx")})
    with pytest.raises(ModelDamaged, match="'xx' to 'en': Unknown language"):
        load_backend(beyond, directories("translategemma-4b-it"), device="cpu", threads=1)


def test_a_completion_prompt_needs_no_template(directories: Callable[[str], Path], tmp_path: Path) -> None:
    """Seed-X is asked so."""
    model = "hy-mt2-1.8b"
    bare = shutil.copytree(directories(model), tmp_path / "bare", ignore=shutil.ignore_patterns("*.jinja"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(bare)
    completion = "Translate the following {source_name} text into {target_name}:\n{text} <{target}>"
    config = tiny(model).model_copy(update={"input": Input(completion=completion)})
    read = Prompt(config, tokenizer).encode("Nein.", "de", "en")
    assert tokenizer.decode(read) == "Translate the following German text into English:\nNein. <en>"
    with pytest.raises(ModelDamaged, match="no chat template"):
        load_backend(tiny(model), bare, device="cpu", threads=1)


def test_a_text_that_spells_a_control_token_stays_text(
    name: str, backend: CausalBackend, tokenizer: transformers.PreTrainedTokenizerFast
) -> None:
    prompt = Prompt(tiny(name), tokenizer)
    spelled = SPELLED[name]
    text = f"Ja {spelled} nein {tokenizer.eos_token}"
    control = set(tokenizer.all_special_ids) | prompt.control
    plain, read = prompt.encode("Ja nein"), prompt.encode(text)
    assert [n for n in read if n in control] == [n for n in plain if n in control]
    whole = tokenizer.decode(read)
    assert text in whole
    # One token for the vendor's own tokenizer, its characters for us.
    assert len(read) > len(tokenizer(whole, add_special_tokens=False)["input_ids"])
    assert backend.count_tokens(text) == len(read)


def test_an_answer_that_is_cut_says_so_and_the_score_is_that_of_what_was_written(
    name: str, backend: CausalBackend, tokenizer: transformers.PreTrainedTokenizerFast
) -> None:
    whole = backend.generate([SOURCES[0]], GREEDY)[0]
    [exact] = backend.generate([SOURCES[0]], replace(GREEDY, max_decoding_length=whole.tokens))
    assert (exact.target, exact.tokens, exact.complete) == (whole.target, whole.tokens, False)
    [cut] = backend.generate([SOURCES[0]], replace(GREEDY, max_decoding_length=3))
    assert (cut.tokens, cut.complete) == (3, False)
    assert whole.target.startswith(cut.target)


def test_the_score_is_the_mean_log_probability_of_the_new_tokens(
    name: str, backend: CausalBackend, directories: Callable[[str], Path]
) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(directories(name), dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(directories(name))
    prompt = Prompt(tiny(name), tokenizer)
    ends = model.generation_config.eos_token_id
    never = sorted(set(prompt.control) - set(ends) - {tokenizer.unk_token_id})
    # In one batch with others of other lengths, which are padded on the left.
    for source, hypothesis in zip(SOURCES, backend.generate(SOURCES, GREEDY), strict=True):
        written, total, steps = prompt.encode(source, "de", "en"), 0.0, 0
        while steps == 0 or written[-1] not in ends:
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([written]), use_cache=False).logits[0, -1]
            logits[never] = -torch.inf
            if tokenizer.unk_token_id is not None:
                logits[tokenizer.unk_token_id] = -torch.inf
            if steps == 0:
                logits[ends] = -torch.inf
            best = logits.log_softmax(-1).max(-1)
            total, steps = total + float(best.values), steps + 1
            written.append(int(best.indices))
        assert hypothesis.tokens == steps - 1
        assert hypothesis.score == pytest.approx(total / steps, abs=1e-4)


def test_options_of_a_second_attempt_are_honoured(backend: CausalBackend) -> None:
    longer = replace(GREEDY, min_decoding_length=30)
    assert all(h.tokens >= 30 for h in backend.generate(SOURCES[:3], longer))
    for changes in ({"repetition_penalty": 1.3, "no_repeat_ngram_size": 3}, {"beam_size": 8}):
        again = backend.generate(SOURCES, replace(GREEDY, **changes))  # type: ignore[arg-type]  # a table of mixed values
        assert [h.target for h in again] == [target_of(source) for source in SOURCES]


def test_the_same_text_gives_the_same_answer_twice_whatever_the_vendor_samples_with(
    backend: CausalBackend,
) -> None:
    assert backend.generate(["Ganz neuer Text."], GREEDY) == backend.generate(["Ganz neuer Text."], GREEDY)


def test_a_source_without_text_is_answered_without_the_model(backend: CausalBackend) -> None:
    assert backend.generate(["", SOURCES[6], " \n"], GREEDY)[::2] == [NOTHING, NOTHING]


def test_a_closed_engine_fails(backend: CausalBackend) -> None:
    backend.close()
    backend.close()
    with pytest.raises(GenerationFailed):
        backend.generate(["Nein."], GREEDY)


def test_half_the_memory_on_request(name: str, directories: Callable[[str], Path]) -> None:
    config = tiny(name).model_copy(update={"compute_type": "bfloat16"})
    backend = load_backend(config, directories(name), device="cpu", threads=1)
    assert backend.device == "cpu/bfloat16"
    found = [h.target for h in backend.generate(SOURCES, GREEDY)]
    assert sum(a == target_of(b) for a, b in zip(found, SOURCES, strict=True)) >= 5


def test_a_prompt_and_an_answer_must_fit_together(directories: Callable[[str], Path]) -> None:
    config = tiny("hy-mt2-1.8b")
    limits = config.limits.model_copy(update={"target_tokens": HALF + 1})
    with pytest.raises(ModelDamaged, match=f"{causal_checkpoints.POSITIONS} positions"):
        load_backend(
            config.model_copy(update={"limits": limits}), directories("hy-mt2-1.8b"), device="cpu", threads=1
        )


def test_weights_that_a_checkpoint_lacks_are_damage(
    directories: Callable[[str], Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    lacking = shutil.copytree(directories("eurollm-1.7b-instruct"), tmp_path / "lacking")
    weights = load_file(lacking / "model.safetensors")
    del weights["model.layers.0.mlp.down_proj.weight"]
    save_file(weights, lacking / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelDamaged, match="down_proj"):
        load_backend(tiny("eurollm-1.7b-instruct"), lacking, device="cpu", threads=1)


def test_a_template_that_cannot_take_the_prompt_is_damage(
    directories: Callable[[str], Path], tmp_path: Path
) -> None:
    broken = shutil.copytree(directories("hy-mt2-1.8b"), tmp_path / "broken")
    (broken / "chat_template.jinja").write_text("{{ messages[0]['content'] * 2 }}", encoding="utf-8")
    with pytest.raises(ModelDamaged, match="once"):
        load_backend(tiny("hy-mt2-1.8b"), broken, device="cpu", threads=1)
    (broken / "chat_template.jinja").write_text("{{ ''.__class__.__mro__ }}", encoding="utf-8")
    with pytest.raises(ModelDamaged, match="chat template"):
        load_backend(tiny("hy-mt2-1.8b"), broken, device="cpu", threads=1)


def test_an_article_goes_through_one_of_them(name: str, backend: CausalBackend) -> None:
    """The checks' second attempts included: the reversed words fail some."""

    async def digested() -> str:
        batcher = Batcher(capacity_tokens=100_000, batch_tokens=4096)
        batcher.start()
        model = LoadedModel(tiny(name), backend, "")
        pipeline = ArticlePipeline(models=ModelSet(profile="", translators=[model]), batcher=batcher)
        try:
            async with asyncio.timeout(60):
                digest = await pipeline.digest(DigestRequest(" ".join(SOURCES), source="de"))
        finally:
            await batcher.stop()
        assert digest.translation is not None
        return digest.translation.text

    text = asyncio.run(digested())
    assert all(target_of(source) in text for source in SOURCES)


def test_the_template_is_fetched_with_the_tokenizer() -> None:
    from service.model_store.selection import is_harmless, needed_files

    files = ["chat_template.jinja", "config.json", "model.safetensors", "modeling_own.py", "tokenizer.json"]
    assert needed_files(files) == [file for file in files if not file.endswith(".py")]
    assert is_harmless("chat_template.jinja")


def test_a_checkpoint_says_more_than_one_end(directories: Callable[[str], Path]) -> None:
    """Else the tests above would not show that the end of a turn ends an answer."""
    written = json.loads((directories("translategemma-4b-it") / "generation_config.json").read_text())
    assert len(written["eos_token_id"]) == 2
    assert written["do_sample"] is True
