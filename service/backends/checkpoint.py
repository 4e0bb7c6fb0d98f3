"""A checkpoint in the hub's layout, read by transformers: from this disk only, data only.

`.bin` files go through torch's weights-only loader, which is transformers' default and said again here;
code that comes with a checkpoint is never run. Nothing is looked up on the hub, so the background
conversion that transformers starts for repositories without safetensors cannot begin.
"""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import torch
import transformers

from service.backends.tokenization import FAST_FILE, Surroundings, check_vocabulary
from service.errors import EngineUnavailable, ModelDamaged
from service.model_store.config import ModelConfig

_NEEDS_PROTOBUF = frozenset({"t5", "mt5", "nllb"})
"""Without a tokenizer.json their tokenizers are made from a SentencePiece file, which takes protobuf."""

_BOUND_POSITIONS = frozenset({"marian", "bart", "m2m100", "nllb", "fsmt"})
"""These have no position after the last; T5's are relative."""


def load_hub_model(config: ModelConfig, directory: Path, dtype: torch.dtype) -> Any:
    """The checkpoint's weights in `dtype`. Raises `ModelDamaged`, also for a checkpoint that lacks weights:
    transformers would go on with random ones."""
    # Ours is the only one: two bars on one terminal line are none.
    transformers.utils.logging.disable_progress_bar()
    try:
        model, report = _model_class(config).from_pretrained(
            directory,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
        )
    except pickle.UnpicklingError as error:
        # torch's own message says how to load it all the same, which nobody should do.
        raise ModelDamaged(
            f"{config.name}: the weights in {directory} are refused: "
            "the .bin is damaged or holds more than tensors."
        ) from error
    except Exception as error:  # safetensors, OS and shape errors, each of its own kind
        raise ModelDamaged(f"{config.name}: the weights in {directory} cannot be loaded: {error}") from error
    learnt = {name for name, weights in model.named_parameters() if weights.requires_grad}
    if missing := sorted(learnt & set(report["missing_keys"])):
        raise ModelDamaged(f"{config.name}: {directory} lacks weights: {', '.join(missing[:3])}, ...")
    _check_positions(config, model.config)
    return model


def _model_class(config: ModelConfig) -> Any:
    is_causal = config.architecture == "causal"
    return transformers.AutoModelForCausalLM if is_causal else transformers.AutoModelForSeq2SeqLM


def _check_positions(config: ModelConfig, hub_config: Any) -> None:
    """Raises `ModelDamaged` where the config allows more tokens than the checkpoint was made for. A
    decoder-only model has the prompt and the answer on one line."""
    source, target = config.limits.source_tokens, config.limits.target_tokens
    if config.architecture == "causal":
        wanted, positions = source + target, hub_config.get_text_config().max_position_embeddings
    elif config.architecture in _BOUND_POSITIONS:
        wanted, positions = max(source, target), getattr(hub_config, "max_position_embeddings", None)
    else:
        return
    if positions and wanted > positions:
        raise ModelDamaged(
            f"{config.name}: its config allows {wanted} tokens, but the checkpoint has {positions} positions."
        )


def load_hub_tokenizer(config: ModelConfig, directory: Path) -> Any:
    """Raises `EngineUnavailable` where protobuf is missing, `ModelDamaged` for the rest."""
    from_sentencepiece = config.architecture in _NEEDS_PROTOBUF and not (directory / FAST_FILE).is_file()
    if from_sentencepiece and not _is_importable("google.protobuf"):
        # transformers would ask for `tiktoken`, which has nothing to do with it.
        raise EngineUnavailable(
            f"{config.name}: its tokenizer needs protobuf, which is not installed here: "
            "pip install protobuf, or pip install 'kurzfassung[models]'."
        )
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            directory, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # a different kind for every missing file
        raise ModelDamaged(
            f"{config.name}: the tokenizer in {directory} cannot be loaded: {error}"
        ) from error
    if Surroundings(config).named_tokens():
        check_vocabulary(config, frozenset(hub_vocabulary(tokenizer)))
    return tokenizer


def hub_vocabulary(tokenizer: Any) -> dict[str, int]:
    """Every token and its number, M2M100's language tokens included."""
    return {**tokenizer.get_vocab(), **getattr(tokenizer, "lang_token_to_id", {})}


def _is_importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
