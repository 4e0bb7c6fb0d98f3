"""What a PyTorch engine may choose at a decoding step, and what its choice was worth."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
import transformers

from service.backends.protocol import GenerationOptions

SCORED_VALUES = 1 << 26
"""Logits held at once when hypotheses are scored: 256 MB."""


class Choice(transformers.LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """What may be chosen at a step: everything `GenerationOptions` rules out gets -inf. One place for
    generation and scoring, and unlike transformers' own processors it leaves what stands before the
    target out of account: the decoder's start token, which is the end token in BART and M2M100 and which
    a penalty for repetition would put off, and the prompt of a decoder-only model, whose words a
    translation may repeat.

    With several beams transformers hands in log-probabilities instead of logits, so that a penalty for
    repetition weighs more here than in CTranslate2; all else is the same in both engines."""

    def __init__(
        self,
        options: GenerationOptions,
        *,
        never: Collection[int],
        ends: Collection[int],
        forced: Sequence[int] = (),
        before: int = 1,
    ) -> None:
        """`never` is not chosen at all, one of `ends` ends the target, which begins with `forced`;
        `before` counts the tokens of a row that precede the target."""
        self._options = options
        self._never = list(never)
        self._ends = list(ends)
        self._forced = list(forced)
        self._before = before

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`input_ids` [rows, steps so far + before] and `scores` [rows, vocabulary] to scores of that
        shape."""
        step = input_ids.shape[1] - self._before
        scores = scores.clone()
        if step < len(self._forced):
            forced = scores[:, self._forced[step]].clone()
            scores[:] = -torch.inf
            scores[:, self._forced[step]] = forced
            return scores
        written = input_ids[:, self._before :]
        if self._options.repetition_penalty != 1.0 and step:
            chosen = scores.gather(1, written)
            penalty = self._options.repetition_penalty
            scores.scatter_(1, written, torch.where(chosen < 0, chosen * penalty, chosen / penalty))
        if self._options.no_repeat_ngram_size and step >= self._options.no_repeat_ngram_size:
            self._rule_out_repeats(written.tolist(), scores)
        if step < self._options.min_decoding_length + len(self._forced):
            scores[:, self._ends] = -torch.inf
        scores[:, self._never] = -torch.inf
        return scores

    def mean_log_probability(self, read: torch.Tensor, logits: torch.Tensor, target: Sequence[int]) -> float:
        """Of the target's own tokens, the forced ones left out. `read` is the row with what precedes the
        target, `logits` [at least as many as the target, vocabulary] are those of its steps."""
        steps = range(len(self._forced), len(target))
        total = sum(
            float(self(read[None, : self._before + t], logits[None, t]).log_softmax(-1)[0, target[t]])
            for t in steps
        )
        return total / max(1, len(steps))

    def _rule_out_repeats(self, rows: list[list[int]], scores: torch.Tensor) -> None:
        size = self._options.no_repeat_ngram_size
        for row, written in enumerate(rows):
            begun = written[len(written) - size + 1 :]
            for start in range(len(written) - size + 1):
                if written[start : start + size - 1] == begun:
                    scores[row, written[start + size - 1]] = -torch.inf


def cut_at_end(row: Sequence[int], ends: Collection[int]) -> list[int]:
    """The target with its end token where there is one; padding follows that."""
    for place, token in enumerate(row):
        if token in ends:
            return list(row[: place + 1])
    return list(row)
