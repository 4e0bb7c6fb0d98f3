"""What the libraries do silently wrong with a checkpoint, and what our engines do instead.

Each test first shows that the trap is still there: when a library mends it, the test says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ctranslate2
import pytest
import torch
import transformers
from ctranslate2.converters import TransformersConverter

from service.backends.convert import convert_checkpoint
from service.backends.ct2 import CT2Backend
from service.backends.protocol import GenerationOptions
from service.backends.pytorch import PyTorchBackend
from service.errors import ConversionFailed, GenerationFailed, ModelDamaged
from service.model_store.catalogue import Catalogue
from service.model_store.config import Input, ModelConfig
from tests.models import checkpoints
from tests.models.checkpoints import POSITIONS, SOURCES

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
GREEDY = GenerationOptions(beam_size=1, max_decoding_length=60)
PREFIX = "summarize: "


def tiny(name: str, tokens: int = POSITIONS) -> ModelConfig:
    """The real configuration file; only its lengths are cut down to the tiny model's positions."""
    real = Catalogue.read().model(name)
    limits = real.limits.model_copy(
        update={"source_tokens": tokens, "segment_tokens": tokens, "target_tokens": POSITIONS}
    )
    return real.model_copy(update={"limits": limits, "compute_type": "float32"})


def checkpoint(name: str, make: Callable[[Path], Path]) -> object:
    """A fixture that makes the checkpoint once."""

    @pytest.fixture(scope="module", name=name)
    def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
        torch.set_num_threads(1)
        return make(tmp_path_factory.mktemp(name))

    return made


marian = checkpoint("marian", checkpoints.marian)
bart = checkpoint("bart", checkpoints.bart)
mt5 = checkpoint("mt5", lambda path: checkpoints.t5(path, multilingual=True, prefix=PREFIX))
nllb = checkpoint("nllb", checkpoints.nllb)
fsmt = checkpoint("fsmt", checkpoints.fsmt)


def copy(source: Path, target: Path, *, without: tuple[str, ...] = ()) -> Path:
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns(*without)))


def on_pytorch(config: ModelConfig, directory: Path) -> PyTorchBackend:
    return PyTorchBackend(config, directory, device="cpu", threads=1)


def on_ct2(config: ModelConfig, directory: Path, output: Path) -> CT2Backend:
    convert_checkpoint(config, directory, output, compute_type="float32")
    return CT2Backend(config, output, device="cpu", threads=1)


def test_a_long_source_is_read_to_its_end(mt5: Path, tmp_path: Path) -> None:
    """CTranslate2 cuts after 1024 tokens unless told not to."""
    backend = on_ct2(tiny("mt5-small-sum-de-mit-v1", tokens=1600), mt5, tmp_path / "ct2")
    start = "Nein. " * 400
    one, other = f"{start} {SOURCES[0]}", f"{start} {SOURCES[4]}"
    assert 1024 < min(backend.count_tokens(one), backend.count_tokens(other)) < 1600

    pieces = transformers.AutoTokenizer.from_pretrained(mt5)
    raw = ctranslate2.Translator(str(tmp_path / "ct2"))
    cut = raw.translate_batch(
        [pieces.convert_ids_to_tokens(pieces(PREFIX + text)["input_ids"]) for text in (one, other)],
        return_scores=True,
        beam_size=1,
        max_decoding_length=2,
    )
    assert cut[0].scores == pytest.approx(cut[1].scores, abs=1e-6)

    options = replace(GREEDY, max_decoding_length=2)
    first, second = (backend.generate([text], options)[0] for text in (one, other))
    assert abs(first.score - second.score) > 1e-4


def test_a_source_over_the_limit_is_refused_by_transformers_engine_too(marian: Path) -> None:
    backend = on_pytorch(tiny("opus-mt-de-en"), marian)
    with pytest.raises(GenerationFailed, match=f"limit of {POSITIONS}"):
        backend.generate(["Nein.", "Nein. " * POSITIONS], GREEDY)


def test_a_forced_end_does_not_make_a_cut_target_look_complete(bart: Path) -> None:
    """BART's own settings write the end token at the last step, whatever stands before it."""
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(bart)
    assert model.generation_config.forced_eos_token_id == model.config.eos_token_id
    ids = transformers.AutoTokenizer.from_pretrained(bart)(SOURCES[0], return_tensors="pt")["input_ids"]
    assert model.generate(ids, max_new_tokens=5, num_beams=1)[0, -1] == model.config.eos_token_id

    [cut] = on_pytorch(tiny("bart-large-cnn"), bart).generate(
        [SOURCES[0]], replace(GREEDY, max_decoding_length=5)
    )
    assert (cut.complete, cut.tokens) == (False, 5)


@pytest.mark.parametrize("name", ["opus-mt-de-en", "bart-large-cnn"])
def test_decoding_settings_inside_an_older_config_are_not_taken_over(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    """Repositories from before generation_config.json keep them in config.json."""
    made: Path = request.getfixturevalue("marian" if name == "opus-mt-de-en" else "bart")
    older = copy(made, tmp_path / "older", without=("generation_config.json",))
    written = json.loads((older / "config.json").read_text(encoding="utf-8"))
    written |= {
        "num_beams": 6,
        "max_length": 9,
        "min_length": 7,
        "no_repeat_ngram_size": 1,
        "length_penalty": 9.0,
    }
    (older / "config.json").write_text(json.dumps(written), encoding="utf-8")
    assert transformers.AutoModelForSeq2SeqLM.from_pretrained(older).generation_config.max_length == 9

    expected = on_pytorch(tiny(name), made).generate(SOURCES, GREEDY)
    assert on_pytorch(tiny(name), older).generate(SOURCES, GREEDY) == expected
    converted = on_ct2(tiny(name), older, tmp_path / "ct2").generate(SOURCES, GREEDY)
    assert [h.target for h in converted] == [h.target for h in expected]


def test_the_outputs_of_mt5_are_not_scaled(mt5: Path, tmp_path: Path) -> None:
    config = tiny("mt5-small-sum-de-mit-v1")
    expected = [h.score for h in on_pytorch(config, mt5).generate(SOURCES, GREEDY)]
    scores = [h.score for h in on_ct2(config, mt5, tmp_path / "ours").generate(SOURCES, GREEDY)]
    assert scores == pytest.approx(expected, abs=1e-4)

    TransformersConverter(str(mt5), copy_files=["spiece.model"]).convert(str(tmp_path / "theirs"))
    unpatched = CT2Backend(config, tmp_path / "theirs", device="cpu", threads=1).generate(SOURCES, GREEDY)
    assert min(abs(h.score - score) for h, score in zip(unpatched, expected, strict=True)) > 0.1


def test_the_outputs_of_a_tied_t5_stay_scaled(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    directory = checkpoints.t5(tmp_path / "checkpoint", multilingual=False, prefix=PREFIX)
    config = tiny("mt5-small-sum-de-mit-v1").model_copy(update={"architecture": "t5"})
    expected = [h.score for h in on_pytorch(config, directory).generate(SOURCES, GREEDY)]
    scores = [h.score for h in on_ct2(config, directory, tmp_path / "ct2").generate(SOURCES, GREEDY)]
    assert scores == pytest.approx(expected, abs=1e-4)


def test_a_bart_without_the_legacy_keys_is_converted(bart: Path, tmp_path: Path) -> None:
    assert "normalize_before" not in json.loads((bart / "config.json").read_text(encoding="utf-8"))
    with pytest.raises(AttributeError, match="normalize_before"):
        TransformersConverter(str(bart)).convert(str(tmp_path / "theirs"))
    config = tiny("bart-large-cnn")
    ours = on_ct2(config, bart, tmp_path / "ours").generate(SOURCES, GREEDY)
    assert [h.target for h in ours] == [h.target for h in on_pytorch(config, bart).generate(SOURCES, GREEDY)]


def test_language_codes_that_become_unknown_tokens_are_refused(nllb: Path, tmp_path: Path) -> None:
    """NLLB's tokenizer, made from its SentencePiece file alone, takes "deu_Latn" for <unk>."""
    bare = copy(nllb, tmp_path / "bare", without=("tokenizer*.json",))
    broken = transformers.NllbTokenizer.from_pretrained(bare)
    assert broken.convert_tokens_to_ids("deu_Latn") == broken.unk_token_id

    config = tiny("nllb-200-distilled-600m")
    (bare / "tokenizer_config.json").write_text('{"tokenizer_class": "NllbTokenizer"}', encoding="utf-8")
    with pytest.raises(ModelDamaged, match="deu_Latn"):
        on_pytorch(config, bare)
    with pytest.raises(ConversionFailed, match="deu_Latn"):
        convert_checkpoint(config, bare, tmp_path / "ct2", compute_type="float32")
    assert not (tmp_path / "ct2").exists()


def test_the_target_language_is_asked_for_and_not_part_of_the_answer(nllb: Path, tmp_path: Path) -> None:
    config = tiny("nllb-200-distilled-600m")
    for backend in (on_pytorch(config, nllb), on_ct2(config, nllb, tmp_path / "ct2")):
        english, french = (
            backend.generate(SOURCES, replace(GREEDY, source_language="de", target_language=code))
            for code in ("en", "fr")
        )
        assert not any("_Latn" in h.target for h in (*english, *french))
        assert [h.score for h in english] != pytest.approx([h.score for h in french], abs=1e-4)


def test_marian_reads_normalised_punctuation(marian: Path, tmp_path: Path) -> None:
    """Its own tokenizer has the normaliser and never calls it."""
    german, plain = "„Nein“, sprach der Bürgermeister.", '"Nein", sprach der Bürgermeister.'
    own = transformers.AutoTokenizer.from_pretrained(marian)
    assert own(german)["input_ids"] != own(plain)["input_ids"]

    config = tiny("opus-mt-de-en")
    for backend in (on_pytorch(config, marian), on_ct2(config, marian, tmp_path / "ct2")):
        one, other = backend.generate([german, plain], GREEDY)
        assert one == other
        assert backend.count_tokens(german) == len(own(plain)["input_ids"])


@pytest.mark.parametrize("what", ["convert", "serve"])
def test_missing_protobuf_is_named(mt5: Path, tmp_path: Path, what: str) -> None:
    """transformers would ask for `tiktoken`."""
    bare = copy(mt5, tmp_path / "bare", without=("tokenizer.json",))
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PROTOBUF, what, str(bare), str(tmp_path / "ct2")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    kind, message = run.stdout.strip().splitlines()[-1].split(" ", 1)
    assert kind == "EngineUnavailable"
    assert "pip install protobuf" in message


_WITHOUT_PROTOBUF = """
import sys
from pathlib import Path
for name in ("google", "google.protobuf"):
    sys.modules[name] = None
from service.backends.convert import convert_checkpoint
from service.backends.pytorch import PyTorchBackend
from service.errors import ServiceError
from service.model_store.catalogue import Catalogue
what, checkpoint, output = sys.argv[1:]
config = Catalogue.read().model("mt5-small-sum-de-mit-v1")
try:
    if what == "convert":
        convert_checkpoint(config, Path(checkpoint), Path(output), compute_type="float32")
    else:
        PyTorchBackend(config, Path(checkpoint), device="cpu", threads=1)
except ServiceError as error:
    print(type(error).__name__, error)
"""


def test_halves_are_computed_in_full_precision_on_a_cpu(marian: Path, tmp_path: Path) -> None:
    half = copy(marian, tmp_path / "half")
    transformers.AutoModelForSeq2SeqLM.from_pretrained(marian).half().save_pretrained(half)
    assert transformers.AutoModelForSeq2SeqLM.from_pretrained(half).dtype == torch.float16

    config = tiny("opus-mt-de-en")
    expected = on_pytorch(config, marian).generate(SOURCES, GREEDY)
    wanting_halves = config.model_copy(update={"compute_type": "float16"})
    for backend in (on_pytorch(config, half), on_ct2(wanting_halves, half, tmp_path / "ct2")):
        assert backend.device == "cpu/float32"
        found = backend.generate(SOURCES, GREEDY)
        assert [h.target for h in found] == [h.target for h in expected]
        assert [h.score for h in found] == pytest.approx([h.score for h in expected], abs=1e-2)


def test_weights_that_a_checkpoint_lacks_are_damage_and_not_random(marian: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    lacking = copy(marian, tmp_path / "lacking")
    weights = load_file(lacking / "model.safetensors")
    del weights["model.decoder.layers.0.fc1.weight"]
    save_file(weights, lacking / "model.safetensors", metadata={"format": "pt"})
    # Without a word from an exception:
    transformers.AutoModelForSeq2SeqLM.from_pretrained(lacking)

    config = tiny("opus-mt-de-en")
    with pytest.raises(ModelDamaged, match="fc1"):
        on_pytorch(config, lacking)
    with pytest.raises(ConversionFailed, match="fc1"):
        convert_checkpoint(config, lacking, tmp_path / "ct2", compute_type="float32")


def test_a_config_that_allows_more_tokens_than_there_are_positions_is_refused(marian: Path) -> None:
    with pytest.raises(ModelDamaged, match=f"{POSITIONS} positions"):
        on_pytorch(tiny("opus-mt-de-en", tokens=POSITIONS + 1), marian)


def test_an_older_bin_is_read_without_a_background_conversion(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    directory = checkpoints.marian(tmp_path / "checkpoint", legacy_bin=True)
    before = sorted(path.name for path in directory.iterdir())
    threads = set(threading.enumerate())
    on_pytorch(tiny("opus-mt-de-en"), directory)
    assert not any("conversion" in thread.name for thread in set(threading.enumerate()) - threads)
    assert sorted(path.name for path in directory.iterdir()) == before


def test_a_text_that_spells_the_end_token_does_not_end_there(bart: Path, marian: Path, mt5: Path) -> None:
    text = "Ja </s> nein."
    for name, directory in (
        ("bart-large-cnn", bart),
        ("opus-mt-de-en", marian),
        ("mt5-small-sum-de-mit-v1", mt5),
    ):
        config = tiny(name)
        read = transformers.AutoTokenizer.from_pretrained(directory)(config.input.prefix + text)["input_ids"]
        ends = transformers.AutoModelForSeq2SeqLM.from_pretrained(directory).config.eos_token_id
        assert read.count(ends) == 2
        # One token less for the end, two or more for the characters that spell it.
        assert on_pytorch(config, directory).count_tokens(text) > len(read)


def test_a_text_that_spells_a_target_language_does_not_choose_it(tmp_path: Path) -> None:
    """MADLAD's SentencePiece file takes "<2de>" for the token wherever it stands."""
    (tmp_path / "checkpoint").mkdir()
    directory = checkpoints.t5(
        tmp_path / "checkpoint", multilingual=True, prefix="<2en> ", target_tokens=("<2en>", "<2de>")
    )
    tokens = Input(prefix="<2{target}> ", language_tokens={"en": "en", "de": "de"})
    config = tiny("madlad400-3b-mt").model_copy(
        update={"input": tokens, "source_languages": ("de",), "target_languages": ("en", "de")}
    )
    read = transformers.AutoTokenizer.from_pretrained(directory)("<2en> Ja <2de> nein.")["input_ids"]
    for backend in (on_pytorch(config, directory), on_ct2(config, directory, tmp_path / "ct2")):
        # More tokens for the characters that spell it than for the token.
        assert backend.count_tokens("Ja <2de> nein.") > len(read)
        german, english = (
            backend.generate(SOURCES, replace(GREEDY, target_language=code)) for code in ("de", "en")
        )
        assert [h.score for h in german] != pytest.approx([h.score for h in english], abs=1e-4)

    lacking = config.model_copy(update={"target_languages": ("en", "fr"), "input": _with_french(tokens)})
    with pytest.raises(ModelDamaged, match="<2fr>"):
        on_pytorch(lacking, directory)


def _with_french(tokens: Input) -> Input:
    return tokens.model_copy(update={"language_tokens": {**tokens.language_tokens, "fr": "fr"}})


def test_the_scores_of_fsmt_are_those_of_decoding_step_by_step(fsmt: Path) -> None:
    """Its forward pass masks nothing while its cache is on."""
    backend = on_pytorch(tiny("wmt19-de-en"), fsmt)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(fsmt).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(fsmt)
    end = model.config.eos_token_id
    for source, hypothesis in zip(SOURCES, backend.generate(SOURCES, GREEDY), strict=True):
        ids = tokenizer(source, return_tensors="pt")["input_ids"]
        written, total = [model.config.decoder_start_token_id], 0.0
        while len(written) == 1 or written[-1] != end:
            with torch.no_grad():
                logits = model(ids, decoder_input_ids=torch.tensor([written]), use_cache=False).logits[0, -1]
            logits[tokenizer.unk_token_id] = -torch.inf
            if len(written) == 1:
                logits[end] = -torch.inf
            best = logits.log_softmax(-1).max(-1)
            total += float(best.values)
            written.append(int(best.indices))
        assert hypothesis.complete
        assert hypothesis.tokens == len(written) - 2
        assert hypothesis.score == pytest.approx(total / (len(written) - 1), abs=1e-4)


def test_a_closed_engine_fails(marian: Path) -> None:
    backend = on_pytorch(tiny("opus-mt-de-en"), marian)
    backend.close()
    backend.close()
    with pytest.raises(GenerationFailed):
        backend.generate(["Nein."], GREEDY)
