"""The starter's training: a killed run goes on as if nothing had happened, and stops when it should."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "model_configs" / "starter"))

import corpus
import train
import vocabulary
from dataset import Dataset, Side, batches

pytestmark = pytest.mark.models

STEPS = 12


def options_for(work: Path, **changed: object) -> argparse.Namespace:
    arguments = ["train", "--work", str(work), "--dev", "de", "en", "--steps", str(STEPS)]
    arguments += ["--width", "16", "--encoder-layers", "1", "--decoder-layers", "1", "--feed-forward", "32"]
    arguments += ["--heads", "2", "--batch-pieces", "120", "--dropout", "0.1", "--threads", "1"]
    options = train.parser().parse_args(arguments)
    for name, value in changed.items():
        setattr(options, name, value)
    return options


@pytest.fixture
def work(tmp_path: Path) -> Path:
    rng = np.random.default_rng(7)
    lengths = rng.integers(2, 15, 200)
    sentences = [[*rng.integers(2, vocabulary.SIZE, length).tolist(), vocabulary.EOS] for length in lengths]
    side = Side.from_sentences(sentences)
    Dataset(side, side, ["wmt-news-refs"], np.array([0, 200])).save(tmp_path / "pairs.npz")
    np.save(tmp_path / "links.npy", np.concatenate([np.arange(len(s)) for s in sentences]).astype(np.int16))
    np.save(tmp_path / "embeddings.npy", rng.normal(size=(vocabulary.SIZE, 16)).astype(np.float32))
    return tmp_path


def go_on(run: train.Run, until: int) -> list[float]:
    stream = batches(
        run.data,
        run.options.batch_pieces,
        run.options.seed,
        run.position,
        lambda: corpus.phase_at(run.step / STEPS),
    )
    losses = []
    while run.step < until:
        batch = next(stream)
        arrays = (torch.from_numpy(array) for array in (batch.german, batch.english, batch.links))
        losses.append(run.update(*arrays)[0])
    return losses


def test_a_killed_run_goes_on_without_losing_a_step_and_ends_with_the_same_weights(work: Path) -> None:
    whole = train.Run(options_for(work))
    losses = go_on(whole, STEPS)

    first = train.Run(options_for(work))
    before = go_on(first, 5)
    first.save()
    go_on(first, 7)  # these steps die with the process
    second = train.Run(options_for(work))
    assert second.restore()
    assert second.step == 5
    after = go_on(second, STEPS)

    assert before + after == losses
    assert second.target_pieces == whole.target_pieces
    for mine, theirs in zip(
        [*second.parameters, *second.average], [*whole.parameters, *whole.average], strict=True
    ):
        assert torch.equal(mine, theirs)


def test_training_stops_when_the_score_has_not_risen_for_long_enough(work: Path) -> None:
    run = train.Run(options_for(work, patience=2))
    assert not run.note(30.0)
    assert not run.note(29.0)
    run.save()
    again = train.Run(options_for(work, patience=2))
    again.restore()
    assert again.note(28.0)  # the second in a row, the first before the kill
    assert not train.Run(options_for(work, patience=0)).note(0.0)
    best = train.Run(options_for(work))
    assert best.restore(best.best_checkpoint)
    assert best.best_chrf == 30.0


def test_what_is_exported_loads_in_both_engines_and_says_the_same(work: Path) -> None:
    import ctranslate2
    import sentencepiece
    import transformers

    weights = Path(train.__file__).parent / "weights"
    directory = work / "vocabulary"
    directory.mkdir()
    for name in ("source.spm", "target.spm"):
        (directory / name).write_bytes((weights / name).read_bytes())
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))
    names = {pieces.id_to_piece(number): number for number in range(vocabulary.SIZE)}
    (directory / "vocab.json").write_text(json.dumps({**names, "<pad>": vocabulary.PAD}), encoding="utf-8")
    settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "de", "target_lang": "en"}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    run = train.Run(options_for(work))
    go_on(run, STEPS)
    converted = run.export(work / "made", quantization="float32")

    plain = work / "made" / "huggingface"
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(plain).eval()
    tokenizer = transformers.MarianTokenizer.from_pretrained(plain)
    text = "Die alte Brücke wird 2023 saniert."
    with torch.inference_mode():
        made = model.generate(**tokenizer(text, return_tensors="pt"), num_beams=1, max_new_tokens=12)
    source = [*pieces.encode(text, out_type=str), "</s>"]
    [result] = ctranslate2.Translator(str(converted)).translate_batch(
        [source], beam_size=1, max_decoding_length=12
    )
    shown = tokenizer.convert_ids_to_tokens(made[0], skip_special_tokens=True)
    # transformers spends the last of its twelve steps on the end that Marian's configuration forces.
    assert result.hypotheses[0][:11] == shown[:11]
    assert len(set(shown)) >= 2
