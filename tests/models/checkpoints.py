"""Tiny checkpoints in the true architectures, in the hub's file layout.

A random model repeats one token for ever, which would let a broken engine pass. So each of these
starts random and then learns a dozen short pairs by heart: it emits many different tokens, ends by
itself at different lengths, and leaves clear margins between its choices.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sentencepiece
import tokenizers
import torch
import transformers
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

SOURCES = [
    "Die alte Brücke wird im Mai saniert.",
    "Der Stadtrat hat das am Montag beschlossen.",
    "Die Arbeiten dauern drei Monate.",
    "Lastwagen nehmen seit Jahren einen Umweg.",
    "Der Bürgermeister sprach von einem guten Tag.",
    "Anwohner hatten lange gewartet.",
    "Nein.",
    "Zwei Millionen Euro kostet das Vorhaben nach Angaben der Verwaltung.",
    "Am Ende blieb die Frage offen, wer das alles bezahlt.",
    "Viele Menschen kamen zur Sitzung und hörten zu.",
]

CORPUS = [
    *SOURCES,
    *(source.upper() for source in SOURCES),
    "„Ja“ – nein; 1 2 3 4 5 6 7 8 9 0 ( ) : , . ! ?",
]

D_MODEL, HEADS, LAYERS, FFN = 32, 4, 2, 64
POSITIONS = 96

_STEPS = 150


def target_of(source: str) -> str:
    """What the model learns to answer: the words backwards."""
    return " ".join(reversed(source.split()))


def _memorise(model: Any, tokenizer: Any, encode: Callable[[str], list[int]], prefix: list[int]) -> None:
    """Teaches the pairs by heart. `encode` gives the ids as the model reads them; `prefix` are the
    tokens every answer starts with."""
    torch.manual_seed(0)
    pad = tokenizer.pad_token_id
    rows = [encode(source) for source in SOURCES]
    plain = [tokenizer(text_target=target_of(s), add_special_tokens=False)["input_ids"] for s in SOURCES]
    labels = [[*prefix, *row, model.config.eos_token_id] for row in plain]
    ids, label_ids = _padded(rows, pad), _padded(labels, -100)
    mask = (ids != pad).long()
    start = model.config.decoder_start_token_id
    shifted = torch.cat(
        [torch.full((len(rows), 1), start), label_ids[:, :-1].masked_fill(label_ids[:, :-1] == -100, pad)], 1
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    model.train()
    for _ in range(_STEPS):
        # With its cache on, FSMT would let the decoder see what it is to write.
        logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=shifted, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), label_ids.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if isinstance(model, transformers.MarianMTModel):
            # The real ones start from a zero embedding, which conversion takes for granted.
            with torch.no_grad():
                model.get_input_embeddings().weight[pad] = 0.0
    model.eval()


def _padded(rows: list[list[int]], value: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def _sentencepiece(directory: Path, name: str, **options: Any) -> sentencepiece.SentencePieceProcessor:
    corpus = directory / "corpus.tmp"
    corpus.write_text("\n".join(CORPUS), encoding="utf-8")
    stem = directory / "sp.tmp"
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(stem), vocab_size=160, minloglevel=2, **options
    )
    path = directory / name
    shutil.move(f"{stem}.model", path)
    Path(f"{stem}.vocab").unlink()
    corpus.unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _save(model: Any, directory: Path, *, legacy_bin: bool = False) -> None:
    model.save_pretrained(directory)
    if legacy_bin:  # as opus-mt repositories have it
        (directory / "model.safetensors").unlink()
        torch.save(model.state_dict(), directory / "pytorch_model.bin")


def _pieces(processor: sentencepiece.SentencePieceProcessor) -> list[str]:
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def marian(directory: Path, *, target_tokens: tuple[str, ...] = (), legacy_bin: bool = False) -> Path:
    """opus-mt's layout; `target_tokens` (">>eng<<") as the group models have them, the first is learnt."""
    processor = _sentencepiece(directory, "source.spm")
    shutil.copy(directory / "source.spm", directory / "target.spm")
    vocabulary = {"</s>": 0, "<unk>": 1}
    for piece in _pieces(processor):
        vocabulary.setdefault(piece, len(vocabulary))
    for token in target_tokens:
        vocabulary[token] = len(vocabulary)
    vocabulary["<pad>"] = len(vocabulary)
    _write_json(directory / "vocab.json", vocabulary)
    _write_json(
        directory / "tokenizer_config.json",
        {"source_lang": "de", "target_lang": "en", "tokenizer_class": "MarianTokenizer"},
    )
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=0,
        forced_eos_token_id=0,
        decoder_start_token_id=vocabulary["<pad>"],
        scale_embedding=True,
        activation_function="swish",
        **_bart_shape(),
    )
    torch.manual_seed(3)
    model = transformers.MarianMTModel(config)
    tokenizer = transformers.MarianTokenizer.from_pretrained(str(directory))
    lead = f"{target_tokens[0]} " if target_tokens else ""
    _memorise(model, tokenizer, lambda text: tokenizer(lead + text)["input_ids"], [])
    _save(model, directory, legacy_bin=legacy_bin)
    return directory


def _bart_shape() -> dict[str, Any]:
    return {
        "d_model": D_MODEL,
        "encoder_layers": LAYERS,
        "decoder_layers": LAYERS,
        "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS,
        "encoder_ffn_dim": FFN,
        "decoder_ffn_dim": FFN,
        "max_position_embeddings": POSITIONS,
        "dropout": 0.0,
    }


def bart(directory: Path, *, fast_file: bool = True) -> Path:
    """bart-large-cnn's layout; without `fast_file` only vocab.json and merges.txt, as older ones."""
    made = tokenizers.ByteLevelBPETokenizer()
    made.train_from_iterator(
        CORPUS,
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    made.save_model(str(directory))
    tokenizer = transformers.BartTokenizerFast.from_pretrained(str(directory))
    tokenizer.save_pretrained(str(directory))
    if not fast_file:
        (directory / "tokenizer.json").unlink()
        made.save_model(str(directory))
    config = transformers.BartConfig(
        vocab_size=len(tokenizer),
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_bos_token_id=0,
        forced_eos_token_id=2,
        **_bart_shape(),
    )
    torch.manual_seed(3)
    model = transformers.BartForConditionalGeneration(config)
    _memorise(model, tokenizer, lambda text: tokenizer(text)["input_ids"], [0])
    _save(model, directory)
    return directory


def t5(directory: Path, *, multilingual: bool, prefix: str = "", target_tokens: tuple[str, ...] = ()) -> Path:
    """T5 with tied embeddings, or mT5: gated, untied, outputs not scaled. With `target_tokens` ("<2en>")
    MADLAD: the shape of mT5 under the name of T5."""
    _sentencepiece(
        directory,
        "spiece.model",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        user_defined_symbols=list(target_tokens),
    )
    tokenizer = transformers.T5Tokenizer.from_pretrained(str(directory), extra_ids=0, legacy=True)
    tokenizer.save_pretrained(str(directory))
    if target_tokens:
        _make_ordinary(directory, target_tokens)
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(directory))
    is_mt5 = multilingual and not target_tokens
    kind = transformers.MT5Config if is_mt5 else transformers.T5Config
    config = kind(
        vocab_size=len(tokenizer),
        d_model=D_MODEL,
        d_kv=D_MODEL // HEADS,
        d_ff=FFN,
        num_layers=LAYERS,
        num_decoder_layers=LAYERS,
        num_heads=HEADS,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu" if multilingual else "relu",
        tie_word_embeddings=not multilingual,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    torch.manual_seed(3)
    model_class = (
        transformers.MT5ForConditionalGeneration if is_mt5 else transformers.T5ForConditionalGeneration
    )
    model = model_class(config)
    _memorise(model, tokenizer, lambda text: tokenizer(prefix + text)["input_ids"], [])
    _save(model, directory)
    return directory


def _make_ordinary(directory: Path, tokens: tuple[str, ...]) -> None:
    """The tokens become pieces like any other, which is how a SentencePiece file has them."""
    for name, key in (("tokenizer.json", "added_tokens"), ("tokenizer_config.json", "extra_special_tokens")):
        table = json.loads((directory / name).read_text(encoding="utf-8"))
        table[key] = [
            entry
            for entry in table[key]
            if (entry["content"] if isinstance(entry, dict) else entry) not in tokens
        ]
        _write_json(directory / name, table)


def m2m100(directory: Path, *, codes: tuple[str, str] = ("__de__", "__en__")) -> Path:
    """M2M100's layout: its language tokens come after the vocabulary file's end."""
    processor = _sentencepiece(directory, "sentencepiece.bpe.model")
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    for piece in _pieces(processor):
        vocabulary.setdefault(piece, len(vocabulary))
    _write_json(directory / "vocab.json", vocabulary)
    tokenizer = transformers.M2M100Tokenizer(
        str(directory / "vocab.json"),
        str(directory / "sentencepiece.bpe.model"),
        src_lang="de",
        tgt_lang="en",
    )
    tokenizer.save_pretrained(str(directory))
    source, target = (tokenizer.convert_tokens_to_ids(code) for code in codes)
    # eight made-up words stand at the end of the original's vocabulary too
    return _m2m(directory, tokenizer, 1 + max(tokenizer.lang_code_to_id.values()) + 8, source, target)


def nllb(directory: Path, *, codes: tuple[str, str] = ("deu_Latn", "eng_Latn")) -> Path:
    """NLLB's layout: sentencepiece.bpe.model and tokenizer.json."""
    _sentencepiece(directory, "sentencepiece.bpe.model", model_type="bpe")
    # Made from that file alone, it would take every language code for <unk>.
    tokenizer = transformers.NllbTokenizer.from_pretrained(
        str(directory), src_lang=codes[0], tgt_lang=codes[1], extra_special_tokens=FAIRSEQ_LANGUAGE_CODES
    )
    tokenizer.save_pretrained(str(directory))
    source, target = (tokenizer.convert_tokens_to_ids(code) for code in codes)
    return _m2m(directory, tokenizer, 1 + max(tokenizer.get_vocab().values()), source, target)


def _m2m(directory: Path, tokenizer: Any, size: int, source: int, target: int) -> Path:
    config = transformers.M2M100Config(
        vocab_size=size,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        attention_dropout=0.0,
        **_bart_shape(),
    )
    torch.manual_seed(3)
    model = transformers.M2M100ForConditionalGeneration(config)

    def encode(text: str) -> list[int]:
        return [source, *tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]

    _memorise(model, tokenizer, encode, [target])
    _save(model, directory)
    return directory


def fsmt(directory: Path) -> Path:
    """wmt19-de-en's layout: two vocabularies and Moses-style pairs."""
    made = tokenizers.CharBPETokenizer(suffix="</w>", lowercase=False)
    made.train_from_iterator(
        CORPUS,
        vocab_size=300,
        suffix="</w>",
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        show_progress=False,
    )
    made.save_model(str(directory))
    vocabulary = json.loads((directory / "vocab.json").read_text(encoding="utf-8"))
    for name in ("vocab-src.json", "vocab-tgt.json"):
        _write_json(directory / name, vocabulary)
    (directory / "vocab.json").unlink()
    merges = (directory / "merges.txt").read_text(encoding="utf-8").splitlines()
    # the tokenizer of wmt19 wants a count behind each pair
    rows = [f"{row} 1" if row and not row.startswith("#") else row for row in merges]
    (directory / "merges.txt").write_text("\n".join([*rows, ""]), encoding="utf-8")
    _write_json(
        directory / "tokenizer_config.json",
        {"langs": ["de", "en"], "tokenizer_class": "FSMTTokenizer", "do_lower_case": False},
    )
    config = transformers.FSMTConfig(
        langs=["de", "en"],
        src_vocab_size=len(vocabulary),
        tgt_vocab_size=len(vocabulary),
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=2,
        attention_dropout=0.0,
        tie_word_embeddings=True,
        **_bart_shape(),
    )
    torch.manual_seed(3)
    model = transformers.FSMTForConditionalGeneration(config)
    tokenizer = transformers.FSMTTokenizer.from_pretrained(str(directory))
    _memorise(model, tokenizer, lambda text: tokenizer(text)["input_ids"], [])
    _save(model, directory)
    return directory


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
