from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.backends.tokenization import load_tokenizer, moses_normalizer
from service.errors import ModelDamaged
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig

TARGET_CODES = {">>eng<<", ">>deu<<", ">>nld<<"}


@pytest.fixture
def nllb(spm: Path, tmp_path: Path) -> tuple[ModelConfig, Path]:
    (tmp_path / "sentencepiece.bpe.model").write_bytes(spm.read_bytes())
    return Catalogue.read().model("nllb-200-distilled-600m"), tmp_path


@pytest.fixture
def bible(spm: Path, tmp_path: Path) -> tuple[ModelConfig, Path]:
    for name in ("source.spm", "target.spm"):
        (tmp_path / name).write_bytes(spm.read_bytes())
    return Catalogue.read().model("opus-mt-tc-bible-big-gmw"), tmp_path


def _with_vocabulary(directory: Path, tokens: Iterable[str]) -> Path:
    (directory / "shared_vocabulary.json").write_text(json.dumps(sorted(tokens)), encoding="utf-8")
    return directory


def test_text_comes_back_from_its_tokens(
    config: ModelConfig, model_directory: Path, sentences: list[str]
) -> None:
    tokenizer = load_tokenizer(config, model_directory)
    for sentence in sentences:
        tokens = tokenizer.encode(sentence)
        assert tokens[-1] == "</s>"
        assert tokenizer.decode(tokens) == sentence


def test_language_codes_that_the_vocabulary_lacks_are_damage_and_not_unknown_tokens(
    nllb: tuple[ModelConfig, Path],
) -> None:
    config, directory = nllb
    codes = frozenset(config.input.language_tokens.values())
    with pytest.raises(ModelDamaged, match="deu_Latn"):
        load_tokenizer(config, _with_vocabulary(directory, codes - {"deu_Latn"}))


def test_nllb_reads_the_source_language_first_and_writes_the_target_language_first(
    nllb: tuple[ModelConfig, Path],
) -> None:
    config, directory = nllb
    tokenizer = load_tokenizer(config, _with_vocabulary(directory, config.input.language_tokens.values()))
    tokens = tokenizer.encode("Ja.", "nl", "en")
    assert (tokens[0], tokens[-1]) == ("nld_Latn", "</s>")
    assert tokenizer.target_prefix("fr") == ["fra_Latn"]


def test_a_target_code_in_the_text_is_one_token(bible: tuple[ModelConfig, Path]) -> None:
    config, directory = bible
    tokenizer = load_tokenizer(config, _with_vocabulary(directory, TARGET_CODES))
    tokens = tokenizer.encode("Ja.", "de", "nl")
    assert tokens[0] == ">>nld<<"
    assert tokenizer.decode(tokens[1:]) == "Ja."
    assert tokenizer.target_prefix("nl") == []


def test_the_language_of_the_source_is_not_said_to_a_model_that_reads_a_target_code(
    bible: tuple[ModelConfig, Path],
) -> None:
    config, directory = bible
    tokenizer = load_tokenizer(config, _with_vocabulary(directory, TARGET_CODES))
    assert tokenizer.encode("Ja.", "de", "en")[:1] == [">>eng<<"]
    assert "deu" not in tokenizer.encode("Ja.", "de", "en")


def test_target_codes_that_the_vocabulary_lacks_are_damage(bible: tuple[ModelConfig, Path]) -> None:
    config, directory = bible
    with pytest.raises(ModelDamaged, match=">>nld<<"):
        load_tokenizer(config, _with_vocabulary(directory, TARGET_CODES - {">>nld<<"}))


def test_a_directory_without_a_vocabulary_is_damage(config: ModelConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="vocabulary"):
        load_tokenizer(config, tmp_path)


def test_a_vocabulary_that_is_no_json_is_damage(config: ModelConfig, tmp_path: Path) -> None:
    (tmp_path / "shared_vocabulary.json").write_text("[", encoding="utf-8")
    with pytest.raises(ModelDamaged, match="vocabulary"):
        load_tokenizer(config, tmp_path)


def test_a_directory_without_tokenizer_files_is_damage(config: ModelConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="tokenizer"):
        load_tokenizer(config, _with_vocabulary(tmp_path, {"a"}))


def test_a_text_that_spells_the_end_token_does_not_end_there(
    config: ModelConfig, model_directory: Path
) -> None:
    tokens = load_tokenizer(config, model_directory).encode("Ja </s> nein.")
    assert tokens.count("</s>") == 1
    assert tokens[-1] == "</s>"


def test_a_no_break_space_in_a_number_is_not_made_a_decimal_comma(
    config: ModelConfig, model_directory: Path
) -> None:
    tokenizer = load_tokenizer(config, model_directory)
    assert "," not in tokenizer.decode(tokenizer.encode("44\u00a0000 Euro"))


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small byte-level tokenizer with BART's own post-processor."""
    from tokenizers import AddedToken
    from tokenizers.implementations import ByteLevelBPETokenizer
    from tokenizers.processors import RobertaProcessing

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made = ByteLevelBPETokenizer()
    made.train_from_iterator(ENGLISH, vocab_size=320, special_tokens=special, show_progress=False)
    made.add_special_tokens([AddedToken(token, special=True) for token in special])
    made.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    directory = tmp_path_factory.mktemp("bart")
    made.save(str(directory / "tokenizer.json"))
    return _with_vocabulary(directory, made.get_vocab())


ENGLISH = ["The old bridge will be rebuilt next year.", "Nobody was hurt, the police said – not even “him”."]


@pytest.mark.parametrize("name", ["bart-large-cnn", "distilbart-cnn-12-6", "distilbart-cnn-6-6"])
def test_bart_reads_between_start_and_end_and_answers_after_its_forced_start(bart: Path, name: str) -> None:
    tokenizer = load_tokenizer(Catalogue.read().model(name), bart)
    for sentence in ENGLISH:
        tokens = tokenizer.encode(sentence)
        assert (tokens[0], tokens[-1]) == ("<s>", "</s>")
        assert tokenizer.decode(tokens) == sentence
    assert tokenizer.target_prefix("en") == ["<s>"]


def test_a_text_that_spells_the_end_token_does_not_end_there_for_bart(bart: Path) -> None:
    tokenizer = load_tokenizer(Catalogue.read().model("bart-large-cnn"), bart)
    assert tokenizer.encode("Yes </s> no.").count("</s>") == 1


def test_a_fast_tokenizer_does_not_cut_a_long_text(bart: Path) -> None:
    tokenizer = load_tokenizer(Catalogue.read().model("bart-large-cnn"), bart)
    text = " ".join(ENGLISH * 60)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_sixteen_threads_may_share_a_fast_tokenizer(bart: Path) -> None:
    """Switching its padding or truncation per call is what raises "Already borrowed"."""
    tokenizer = load_tokenizer(Catalogue.read().model("bart-large-cnn"), bart)
    expected = [tokenizer.encode(sentence) for sentence in ENGLISH]
    with ThreadPoolExecutor(16) as pool:
        for tokens in pool.map(tokenizer.encode, ENGLISH * 200):
            assert tokens in expected


def test_a_damaged_fast_tokenizer_is_reported(bart: Path, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelDamaged, match="bart-large-cnn"):
        load_tokenizer(Catalogue.read().model("bart-large-cnn"), _with_vocabulary(tmp_path, {"<s>"}))


def test_a_t5_prefix_stands_in_the_text(spm: Path, tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(spm.read_bytes())
    tokenizer = load_tokenizer(
        Catalogue.read().model("mt5-small-sum-de-mit-v1"), _with_vocabulary(tmp_path, {"a"})
    )
    assert tokenizer.decode(tokenizer.encode("Ja.")) == "summarize: Ja."
    assert tokenizer.target_prefix("de") == []


@pytest.mark.parametrize("language", ["de", "en", "fr"])
@given(st.text(alphabet="abÄßº12 ,.!?-%:;()\"'`´„“”‘’‚«»–—/&<\u00a0\r\t\n…", max_size=40))
def test_what_is_passed_by_as_plain_is_what_the_normaliser_leaves_alone(language: str, text: str) -> None:
    from sacremoses import MosesPunctNormalizer

    expected = MosesPunctNormalizer(lang=language, norm_numbers=False).normalize(text)
    assert moses_normalizer(language)(text) == expected


def test_chinese_and_japanese_full_stops_are_read_as_in_the_training_data() -> None:
    assert moses_normalizer("zh")("今天很好。你呢？") == "今天很好. 你呢?"
    assert moses_normalizer("ja")("はい。") == "はい."
    assert moses_normalizer("ja")("１２人") == "12人"
    assert moses_normalizer("de")("Straße 5。") == "Straße 5。"
