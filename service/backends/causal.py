"""Decoder-only translation models in PyTorch: a prompt in, what the model writes after it out.

The same contract as the other engines, so everything above may ask for any `GenerationOptions`: what its
vendor decodes by drawing lots is decoded greedily here, or with beams, because the same text must give the
same answer twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import transformers

from service.backends.checkpoint import load_hub_model, load_hub_tokenizer
from service.backends.choice import SCORED_VALUES, Choice, cut_at_end
from service.backends.prompt import Prompt
from service.backends.protocol import NOTHING, Batching, GenerationOptions, Hypothesis, refuse_too_long
from service.errors import GenerationFailed, ModelDamaged
from service.model_store.config import ModelConfig


class CausalBackend:
    """`directory` holds a checkpoint as on the hub: config.json, weights and a tokenizer with its chat
    template. The weights compute as the config says where the device can: bfloat16 halves the memory, also
    on a CPU; float16 only on CUDA."""

    def __init__(self, config: ModelConfig, directory: Path, *, device: str, threads: int) -> None:
        """Raises `ModelDamaged`: files missing or unreadable, no chat template, no end token."""
        self._config = config
        tokenizer = load_hub_tokenizer(config, directory)
        self._prompt = Prompt(config, tokenizer)
        self._torch_device = torch.device(device)
        dtype = _dtype(config.compute_type, device)
        if device == "cpu":
            # For the whole process: torch has no other way.
            torch.set_num_threads(max(1, threads))
        self._model = load_hub_model(config, directory, dtype).to(self._torch_device).eval()
        own = self._model.generation_config
        ends = {*_numbers(own.eos_token_id), *_numbers(tokenizer.eos_token_id)}
        if not ends:
            raise ModelDamaged(f"{config.name}: {directory} does not say which token ends an answer.")
        self._ends = sorted(ends)
        self._pad = next(iter(_numbers(tokenizer.pad_token_id)), self._ends[0])
        # Control tokens are for the prompt; in an answer they would be neither text nor its end.
        self._never = sorted((self._prompt.control | set(_numbers(tokenizer.unk_token_id))) - ends)
        # The checkpoint's own settings (sampling, penalties) must not fill in what we leave out.
        self._model.generation_config = transformers.GenerationConfig(
            pad_token_id=self._pad, eos_token_id=self._ends
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
        return len(self._prompt.encode(source))

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        if self._closed:
            raise GenerationFailed("The backend is closed.")
        texts = [source for source in sources if source.strip()]
        if not texts:
            return [NOTHING] * len(sources)
        try:
            batch = [
                self._prompt.encode(text, options.source_language, options.target_language) for text in texts
            ]
        except UnicodeError as error:
            raise GenerationFailed("A source is not valid Unicode.") from error
        refuse_too_long(batch, self)
        try:
            decoded = self._decode(batch, options)
        except (RuntimeError, ValueError, IndexError) as error:
            raise GenerationFailed("The engine failed on a batch.") from error
        return [next(decoded) if source.strip() else NOTHING for source in sources]

    def close(self) -> None:
        self._closed = True
        self._model = None

    def _decode(self, batch: Sequence[Sequence[int]], options: GenerationOptions) -> Iterator[Hypothesis]:
        width = max(map(len, batch))
        # Padded on the left, so that every answer begins in the same column.
        prompts = torch.tensor([[*[self._pad] * (width - len(ids)), *ids] for ids in batch])
        real = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in batch])
        prompts, real = prompts.to(self._torch_device), real.to(self._torch_device)
        choice = Choice(options, never=self._never, ends=self._ends, before=width)
        with torch.inference_mode():
            found = self._model.generate(
                input_ids=prompts,
                attention_mask=real,
                logits_processor=transformers.LogitsProcessorList([choice]),
                do_sample=False,
                num_beams=options.beam_size,
                num_return_sequences=options.hypotheses,
                length_penalty=options.length_penalty,
                renormalize_logits=True,
                max_new_tokens=options.max_decoding_length,
            )
            targets = [cut_at_end(row, self._ends) for row in found[:, width:].tolist()]
            # As many rows of each source as hypotheses, best first.
            many = options.hypotheses
            prompts, real = (rows.repeat_interleave(many, dim=0) for rows in (prompts, real))
            scores = self._score(prompts, real, targets, choice)
        made = list(map(self._hypothesis, targets, scores))
        return (Hypothesis.best_of(made[row : row + many]) for row in range(0, len(made), many))

    def _hypothesis(self, target: list[int], score: float) -> Hypothesis:
        complete = bool(target) and target[-1] in self._ends
        own = target[: len(target) - complete]
        return Hypothesis(self._prompt.decode(own), score, len(own), complete)

    def _score(
        self, prompts: torch.Tensor, real: torch.Tensor, targets: Sequence[Sequence[int]], choice: Choice
    ) -> list[float]:
        """Mean log-probability of each target, by reading prompt and target back in one pass. Asking
        generate() for its scores would hold every step's logits of every beam."""
        longest = max(map(len, targets))
        rows = max(1, SCORED_VALUES // ((longest + 1) * self._model.get_output_embeddings().weight.shape[0]))
        scores: list[float] = []
        for first in range(0, len(targets), rows):
            part = targets[first : first + rows]
            padded = [[*target, *[self._pad] * (longest - len(target))] for target in part]
            written = torch.tensor(padded, dtype=prompts.dtype, device=self._torch_device)
            read = torch.cat([prompts[first : first + rows], written], dim=1)
            # What pads a target on the right comes too late to be seen by it.
            mask = torch.cat([real[first : first + rows], torch.ones_like(written)], dim=1)
            logits = self._model(
                input_ids=read,
                attention_mask=mask,
                position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
                logits_to_keep=longest + 1,
                use_cache=False,
            ).logits[:, :-1]
            scores += [
                choice.mean_log_probability(read[row], logits[row].float(), target)
                for row, target in enumerate(part)
            ]
        return scores


def _dtype(compute_type: str, device: str) -> torch.dtype:
    if compute_type == "bfloat16":
        return torch.bfloat16
    return torch.float16 if compute_type == "float16" and device == "cuda" else torch.float32


def _numbers(setting: int | list[int] | None) -> list[int]:
    if setting is None:
        return []
    return setting if isinstance(setting, list) else [setting]
