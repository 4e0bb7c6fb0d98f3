"""The Marian network: the Hugging Face model that is saved, and a lean forward pass that trains its
parameters.

The Hugging Face forward is general and therefore slow on small batches. The one here computes the same
function (`train.py check` compares the two) for batches without source padding, in bfloat16 with float32
parameters, with the output softmax and its gradient worked out piece by piece so that the logits stay in the
processor's cache."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import vocabulary
from torch import Tensor, nn
from torch.nn import functional
from transformers import MarianConfig, MarianMTModel

GUIDED_HEAD = 0
"""The cross-attention head of the last decoder layer that is shown the word alignment."""
LABEL_SMOOTHING = 0.1
SOFTMAX_ROWS = 256
"""Target pieces whose logits are computed at a time: few enough that they stay in the processor's cache."""
ROW_STEP = 512
"""Token rows are filled up to a multiple of this. oneDNN builds new kernels for every new matrix shape, which
without filling up took 40 % of the time."""


def build(
    width: int, encoder_layers: int, decoder_layers: int, feed_forward: int, heads: int
) -> MarianMTModel:
    """Return an untrained Marian model with the start weights that suit short training.

    All matrices get Xavier's uniform start; the two that write to the residual stream get half of it, so that
    at first each layer passes on mostly what it was given, which with aligned embeddings is already a
    word-for-word translation."""
    config = MarianConfig(
        vocab_size=vocabulary.SIZE + 1,
        d_model=width,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
        encoder_ffn_dim=feed_forward,
        decoder_ffn_dim=feed_forward,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        activation_function="relu",
        max_position_embeddings=512,
        dropout=0.1,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        pad_token_id=vocabulary.PAD,
        eos_token_id=vocabulary.EOS,
        forced_eos_token_id=vocabulary.EOS,
        decoder_start_token_id=vocabulary.PAD,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        init_std=width**-0.5,
    )
    model = MarianMTModel(config)
    model.generation_config.bad_words_ids = [[vocabulary.PAD]]
    for name, parameter in model.named_parameters():
        if name.endswith((".out_proj.weight", ".fc2.weight")):
            nn.init.xavier_uniform_(parameter, gain=0.5)
        elif name.endswith("_proj.weight") or name.endswith(".fc1.weight"):
            nn.init.xavier_uniform_(parameter)
    with torch.no_grad():
        model.model.shared.weight[vocabulary.PAD] = 0.0
    return model


class _SmoothedCrossEntropy(torch.autograd.Function):  # type: ignore[misc]  # torch is untyped here
    """Cross-entropy with label smoothing in the gradient only, both worked out on the way forward."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, table: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        """Take hidden [n, width], table [size, width] and bias [size] of one type, and targets [n].

        Return the plain cross-entropy, summed over the n targets. The gradient is that of the smoothed one,
        whose value nobody reads and would cost another walk over all logits."""
        size, count = table.shape[0], hidden.shape[0]
        hidden = _fill_up(hidden, SOFTMAX_ROWS)
        targets = functional.pad(targets, (0, hidden.shape[0] - count))
        to_hidden = torch.empty_like(hidden)
        to_table = torch.zeros(table.shape, dtype=torch.float32, device=table.device)
        to_bias = torch.zeros(size, dtype=torch.float32, device=table.device)
        entropy = torch.zeros((), dtype=torch.float32, device=table.device)
        for start in range(0, hidden.shape[0], SOFTMAX_ROWS):
            rows = hidden[start : start + SOFTMAX_ROWS]
            wanted = targets[start : start + SOFTMAX_ROWS, None]
            gradient = functional.linear(rows, table, bias).softmax(-1)
            entropy -= gradient.gather(1, wanted)[: count - start].float().clamp_min(1e-30).log().sum()
            gradient.sub_(LABEL_SMOOTHING / size)
            gradient.scatter_add_(1, wanted, gradient.new_full(wanted.shape, LABEL_SMOOTHING - 1.0))
            gradient[count - start :] = 0.0
            to_hidden[start : start + SOFTMAX_ROWS] = gradient @ table
            to_table += gradient.t() @ rows
            # A product with ones sums in float32 inside, without first copying all of `gradient` to float32.
            to_bias += (gradient.new_ones(1, gradient.shape[0]) @ gradient)[0]
        ctx.save_for_backward(to_hidden[:count], to_table, to_bias)
        return entropy

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        to_hidden, to_table, to_bias = ctx.saved_tensors
        scale = gradients[0]
        low = scale.to(to_hidden.dtype)
        return (
            to_hidden * low,
            (to_table * scale).to(to_hidden.dtype),
            (to_bias * scale).to(to_hidden.dtype),
            None,
        )


def _fill_up(rows: Tensor, step: int) -> Tensor:
    """Append rows of zeros until their number is a multiple of `step`."""
    return functional.pad(rows, (0, 0, 0, -rows.shape[0] % step))


class _Layout:
    """How the tokens of a batch lie in flat rows: sentence after sentence, then filler up to a multiple of
    ROW_STEP."""

    def __init__(self, pieces: Tensor, width: int, rate: float) -> None:
        self.sentences, self.length = pieces.shape
        self.width, self.rate = width, rate
        self.count = self.sentences * self.length
        owner = torch.arange(self.sentences, device=pieces.device).repeat_interleave(self.length)
        self.owner = functional.pad(owner, (0, -self.count % ROW_STEP))

    def drop(self, rows: Tensor) -> Tensor:
        """Apply dropout with one mask per sentence, shared by all its positions.

        A mask per position would need 30 times as many random numbers, a tenth of the whole step on a
        processor."""
        if self.rate <= 0.0:
            return rows
        masks = torch.rand(self.sentences, self.width, device=rows.device) >= self.rate
        return rows * (masks.to(rows.dtype) / (1.0 - self.rate)).index_select(0, self.owner)

    def split(self, rows: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
        """Cut [rows, parts * width] into `parts` tensors [sentences, heads, length, width / heads]."""
        blocks = rows[: self.count].view(self.sentences, self.length, parts, heads, -1)
        return tuple(blocks.permute(2, 0, 3, 1, 4).unbind(0))


class Network(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The lean forward pass over the parameters of a Hugging Face Marian model."""

    def __init__(self, model: MarianMTModel, dropout: float, dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        self.model = model
        self.dropout = dropout
        self.dtype = dtype
        self.heads: int = model.config.decoder_attention_heads
        # A buffer in the Hugging Face model, but it is saved and used, so it may as well be learnt.
        self.bias = nn.Parameter(model.final_logits_bias[0, : vocabulary.SIZE].clone())

    def store_bias(self) -> None:
        """Copy the learnt output bias into the Hugging Face model; <pad> is never to be chosen."""
        with torch.no_grad():
            self.model.final_logits_bias[0, : vocabulary.SIZE] = self.bias
            self.model.final_logits_bias[0, vocabulary.PAD] = -1e4

    def _linear(self, inputs: Tensor, *layers: nn.Linear) -> Tensor:
        """Apply one or several linear layers side by side."""
        if len(layers) == 1:
            return functional.linear(inputs, layers[0].weight.to(self.dtype), layers[0].bias.to(self.dtype))
        weight = torch.cat([layer.weight for layer in layers]).to(self.dtype)
        bias = torch.cat([layer.bias for layer in layers]).to(self.dtype)
        return functional.linear(inputs, weight, bias)

    def _add(self, layout: _Layout, stream: Tensor, update: Tensor, norm: nn.LayerNorm) -> Tensor:
        """Add a sub-layer's output to the residual stream and normalise, Marian's order."""
        total = stream + layout.drop(update)
        return functional.layer_norm(
            total, norm.normalized_shape, norm.weight.to(self.dtype), norm.bias.to(self.dtype), norm.eps
        )

    def _embed(self, pieces: Tensor) -> tuple[_Layout, Tensor]:
        """Look up [sentences, length] pieces and add positions; <pad> counts as zero, Marian's decoder
        start."""
        width = self.model.config.d_model
        vectors = functional.embedding(pieces, self.model.model.shared.weight, padding_idx=vocabulary.PAD)
        positions = self.model.model.encoder.embed_positions.weight[: pieces.shape[1]]
        rows = (vectors * math.sqrt(width) + positions).to(self.dtype).flatten(0, 1)
        layout = _Layout(pieces, width, self.dropout if self.training else 0.0)
        return layout, layout.drop(_fill_up(rows, ROW_STEP))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, causal: bool) -> Tensor:
        """Attend from [sentences, heads, m, width / heads] to n keys; return filled-up rows [sentences * m,
        width].

        On a processor the fused attention's backward pass is several times slower than these three products.
        """
        if query.is_cuda:
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        else:
            scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
            if causal:
                length = scores.shape[-1]
                future = torch.ones(length, length, dtype=torch.bool, device=scores.device).triu(1)
                scores = scores.masked_fill(future, float("-inf"))
            mixed = scores.softmax(-1) @ value
        return _fill_up(mixed.transpose(1, 2).flatten(2).flatten(0, 1), ROW_STEP)

    def _feed_forward(self, layout: _Layout, layer: Any, stream: Tensor) -> Tensor:
        inner = functional.relu(self._linear(stream, layer.fc1))
        return self._add(layout, stream, self._linear(inner, layer.fc2), layer.final_layer_norm)

    def _self_attention(self, layout: _Layout, layer: Any, stream: Tensor, causal: bool) -> Tensor:
        own = layer.self_attn
        projected = self._linear(stream, own.q_proj, own.k_proj, own.v_proj)
        query, key, value = layout.split(projected, 3, self.heads)
        mixed = self._attend(query, key, value, causal=causal)
        return self._add(layout, stream, self._linear(mixed, own.out_proj), layer.self_attn_layer_norm)

    def encode(self, german: Tensor) -> tuple[_Layout, Tensor]:
        """Return the layout and the encoder states, as rows, of unpadded sentences [sentences, length]."""
        layout, stream = self._embed(german)
        for layer in self.model.model.encoder.layers:
            stream = self._self_attention(layout, layer, stream, causal=False)
            stream = self._feed_forward(layout, layer, stream)
        return layout, stream

    def decode(self, source: _Layout, states: Tensor, english: Tensor) -> tuple[Tensor, Tensor]:
        """Return decoder states [sentences * length, width] and the guided head's scores [sentences, length,
        german].

        `english` is what the decoder reads: <pad>, then the sentence without its last piece.
        """
        layout, stream = self._embed(english)
        scores = stream
        for layer in self.model.model.decoder.layers:
            stream = self._self_attention(layout, layer, stream, causal=True)
            cross = layer.encoder_attn
            (query,) = layout.split(self._linear(stream, cross.q_proj), 1, self.heads)
            key, value = source.split(self._linear(states, cross.k_proj, cross.v_proj), 2, self.heads)
            mixed = self._linear(self._attend(query, key, value, causal=False), cross.out_proj)
            stream = self._add(layout, stream, mixed, layer.encoder_attn_layer_norm)
            stream = self._feed_forward(layout, layer, stream)
            scores = query[:, GUIDED_HEAD] @ key[:, GUIDED_HEAD].transpose(1, 2) * query.shape[-1] ** -0.5
        return stream[: layout.count], scores

    def forward(self, german: Tensor, english: Tensor, links: Tensor) -> tuple[Tensor, Tensor]:
        """Return two sums: cross-entropy over pieces (smoothed in its gradient) and alignment loss over
        links."""
        start = english.new_full((english.shape[0], 1), vocabulary.PAD)
        source, states = self.encode(german)
        stream, scores = self.decode(source, states, torch.cat([start, english[:, :-1]], dim=1))
        real = (english != vocabulary.PAD).flatten()
        table = self.model.model.shared.weight[: vocabulary.SIZE].to(self.dtype)
        entropy = _SmoothedCrossEntropy.apply(
            stream[real], table, self.bias.to(self.dtype), english.flatten()[real]
        )
        linked = links >= 0
        guided = functional.cross_entropy(scores[linked].float(), links[linked], reduction="sum")
        return entropy, guided


def convert(model_directory: Path, output: Path, quantization: str) -> None:
    """Convert a saved model to CTranslate2, with the SentencePiece files beside it."""
    from ctranslate2.converters import TransformersConverter

    converter = TransformersConverter(str(model_directory), copy_files=["source.spm", "target.spm"])
    converter.convert(str(output), quantization=quantization, force=True)
