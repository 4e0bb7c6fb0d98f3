"""PyTorch: transformers' own generation, for what CTranslate2 cannot load and for comparison with it.

No pipelines (transformers 5 has none for these tasks), never code from a checkpoint, never the network.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers

from service.backends.alignment import DEEP, Alignment, align_words, word_count
from service.backends.checkpoint import load_hub_model, load_hub_tokenizer
from service.backends.choice import SCORED_VALUES, Choice, cut_at_end
from service.backends.protocol import NOTHING, Batching, GenerationOptions, Hypothesis, refuse_too_long
from service.backends.tokenization import Surroundings, is_text
from service.errors import GenerationFailed
from service.model_store.config import ModelConfig

_SPELLED = re.compile(r"<(?=(/?s|pad|unk|extra_id_\d+)>)")


class PyTorchBackend:
    """`directory` holds a checkpoint as on the hub: config.json, safetensors or `pytorch_model.bin` (read
    by torch's weights-only loader) and the tokenizer. float32 on a CPU, whatever the checkpoint was saved
    in; bfloat16 on CUDA."""

    def __init__(self, config: ModelConfig, directory: Path, *, device: str, threads: int) -> None:
        """Raises `ModelDamaged` (files missing or unreadable, weights or language tokens missing) and
        `EngineUnavailable` (protobuf missing)."""
        self._config = config
        self._around = Surroundings(config)
        self._tokenizer = load_hub_tokenizer(config, directory)
        # Hugging Face's tokenizers change state while they work.
        self._tokenizing = threading.Lock()
        self._torch_device = torch.device(device)
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        if device == "cpu":
            # For the whole process: torch has no other way.
            torch.set_num_threads(max(1, threads))
        self._model = load_hub_model(config, directory, dtype).to(self._torch_device).eval()
        hub = self._model.generation_config
        own = self._model.config
        self._start = _first_known(hub.decoder_start_token_id, own.decoder_start_token_id, own.pad_token_id)
        self._pad = _first_known(hub.pad_token_id, own.pad_token_id)
        # FSMT's tokenizer has no end token; its model has.
        self._end = _first_known(hub.eos_token_id, own.eos_token_id)
        # Marian's <pad> only starts the decoder; converted models do not have it.
        marian_pad = [self._pad] if config.architecture == "marian" else []
        self._never = sorted({self._tokenizer.unk_token_id, *marian_pad})
        # The checkpoint's own settings (a forced end at its own maximum, lengths, penalties) must not
        # fill in what we leave out.
        self._model.generation_config = transformers.GenerationConfig(
            decoder_start_token_id=self._start, pad_token_id=self._pad, eos_token_id=self._end
        )
        self._device = f"{device}/{str(dtype).removeprefix('torch.')}"
        self._closed = False

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def max_source_tokens(self) -> int:
        return self._config.limits.source_tokens

    @property
    def device(self) -> str:
        return self._device

    @property
    def batching(self) -> Batching:
        return Batching()

    def count_tokens(self, source: str) -> int:
        return len(self._encode(source, "", ""))

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        if self._closed:
            raise GenerationFailed("The backend is closed.")
        texts = [source for source in sources if source.strip()]
        if not texts:
            return [NOTHING] * len(sources)
        try:
            batch = [self._encode(text, options.source_language, options.target_language) for text in texts]
        except UnicodeError as error:
            raise GenerationFailed("A source is not valid Unicode.") from error
        refuse_too_long(batch, self)
        try:
            decoded = iter(self._decode(texts, batch, options))
        except (RuntimeError, ValueError, IndexError) as error:
            raise GenerationFailed("The engine failed on a batch.") from error
        return [next(decoded) if source.strip() else NOTHING for source in sources]

    def close(self) -> None:
        self._closed = True
        self._model = None

    def _encode(self, source: str, source_language: str, target_language: str) -> list[int]:
        """Token numbers, special and language tokens included."""
        text = self._around.text(source, source_language, target_language)
        if self._config.architecture in {"t5", "mt5"}:
            # Told to split special tokens, this tokenizer still finds them among its ordinary pieces.
            text = _SPELLED.sub("< ", text)
        before = self._around.source_tokens(source_language)
        with self._tokenizing:
            if not before:
                return list(self._tokenizer(text, split_special_tokens=True)["input_ids"])
            # The tokenizer would take the language from its own state, which other threads share.
            ids = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            return [*self._tokenizer.convert_tokens_to_ids(before), *ids, self._end]

    def _text(self, tokens: Sequence[int]) -> str:
        with self._tokenizing:
            names = self._tokenizer.convert_ids_to_tokens(tokens)
            # Not all of these tokenizers know which of their tokens are special.
            written = [token for token, name in zip(tokens, names, strict=True) if is_text(name)]
            return str(self._tokenizer.decode(written, skip_special_tokens=True)).strip()

    def _decode(
        self, texts: Sequence[str], batch: Sequence[Sequence[int]], options: GenerationOptions
    ) -> list[Hypothesis]:
        longest = max(map(len, batch))
        padded = [[*ids, *[self._pad] * (longest - len(ids))] for ids in batch]
        real = [[1] * len(ids) + [0] * (longest - len(ids)) for ids in batch]
        encoder = {
            "input_ids": torch.tensor(padded, device=self._torch_device),
            "attention_mask": torch.tensor(real, device=self._torch_device),
        }
        prefix = self._around.target_tokens(options.target_language)
        with self._tokenizing:
            forced = list(self._tokenizer.convert_tokens_to_ids(prefix))
        choice = Choice(options, never=self._never, ends=[self._end], forced=forced)
        with torch.inference_mode():
            found = self._model.generate(
                **encoder,
                logits_processor=transformers.LogitsProcessorList([choice]),
                do_sample=False,
                num_beams=options.beam_size,
                num_return_sequences=options.hypotheses,
                length_penalty=options.length_penalty,
                # As CTranslate2: done when as many hypotheses as beams are, and the log-probabilities
                # are those among the tokens that could be chosen.
                early_stopping=options.beam_size > 1,
                renormalize_logits=True,
                max_new_tokens=options.max_decoding_length + len(forced),
            )
            targets = [cut_at_end(row, [self._end]) for row in found[:, 1:].tolist()]
            # As many rows of each source as hypotheses, best first.
            many = options.hypotheses
            encoder = {name: value.repeat_interleave(many, dim=0) for name, value in encoder.items()}
            with self._attentions() if options.alignment else nullcontext():
                read_back = list(self._read_back(encoder, targets, choice, attentions=options.alignment))
        hypotheses = [
            self._hypothesis(target, score, len(forced))
            for target, (score, _) in zip(targets, read_back, strict=True)
        ]
        if options.alignment:
            hypotheses = [
                replace(
                    made,
                    alignment=self._alignment(
                        texts[row // many],
                        made,
                        batch[row // many],
                        targets[row][len(forced) :],
                        attention[len(forced) :],
                    ),
                )
                for row, (made, (_, attention)) in enumerate(zip(hypotheses, read_back, strict=True))
            ]
        return [Hypothesis.best_of(hypotheses[row : row + many]) for row in range(0, len(hypotheses), many)]

    @contextmanager
    def _attentions(self) -> Iterator[None]:
        """The fused attention of torch keeps no weights."""
        usual = self._model.config._attn_implementation
        self._model.set_attn_implementation("eager")
        try:
            yield
        finally:
            self._model.set_attn_implementation(usual)

    def _alignment(
        self, text: str, made: Hypothesis, source: Sequence[int], target: Sequence[int], attention: Any
    ) -> Alignment | None:
        """None where the tokenizer's words are not those between the white space of the texts."""
        own = target[: made.tokens]
        with self._tokenizing:
            names = [self._tokenizer.convert_ids_to_tokens(tokens) for tokens in (source, own)]
        read, written = ([name if is_text(name) else "" for name in each] for each in names)
        if word_count(read) != len(text.split()) or word_count(written) != len(made.target.split()):
            return None
        return align_words(attention[: len(own)].cpu().numpy(), read, written)

    def _hypothesis(self, target: Sequence[int], score: float, forced: int) -> Hypothesis:
        complete = bool(target) and target[-1] == self._end
        own = target[forced : len(target) - complete]
        return Hypothesis(self._text(own), score, len(own), complete)

    def _read_back(
        self, encoder: dict[str, Any], targets: Sequence[Sequence[int]], choice: Choice, *, attentions: bool
    ) -> Iterator[tuple[float, Any]]:
        """Of each target the mean log-probability of its own tokens and, where asked for, the attention
        [target tokens, source tokens] it was written with, by reading it back in one pass. Asking
        generate() for its scores would hold every step's logits of every beam."""
        longest = max(map(len, targets))
        rows = max(1, SCORED_VALUES // (longest * self._model.get_output_embeddings().weight.shape[0]))
        for first in range(0, len(targets), rows):
            part = targets[first : first + rows]
            read = torch.tensor(
                [[self._start, *target, *[self._pad] * (longest - len(target))] for target in part],
                device=self._torch_device,
            )
            output = self._model(
                **{name: value[first : first + rows] for name, value in encoder.items()},
                decoder_input_ids=read[:, :-1],
                # A <pad> that starts the decoder is to be seen, and those at the end come too late to be.
                decoder_attention_mask=torch.ones_like(read[:, :-1]),
                # With its cache on, FSMT takes a target read in one go for one token, and masks nothing.
                use_cache=False,
                output_attentions=attentions,
            )
            logits = output.logits.float()
            weights = _telling(output.cross_attentions) if attentions else None
            for row, target in enumerate(part):
                score = choice.mean_log_probability(read[row], logits[row], target)
                yield score, None if weights is None else weights[row]


def _telling(layers: Sequence[torch.Tensor]) -> torch.Tensor:
    """[targets, target tokens, source tokens] of the layers' [targets, heads, target tokens, source tokens],
    as a converted model gives it."""
    if len(layers) >= DEEP:
        return layers[-2].float().mean(dim=1)
    return layers[-1][:, 0].float()


def cuda_is_usable() -> bool:
    return bool(torch.cuda.is_available())


def _first_known(*settings: int | list[int] | None) -> int:
    """The first that is set; of several numbers the first."""
    known = next(setting for setting in settings if setting is not None)
    return known[0] if isinstance(known, list) else known
