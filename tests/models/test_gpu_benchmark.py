"""The benchmark of the bare engines, on the CPU and in tiny shapes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.benchmarks import gpu

pytestmark = pytest.mark.models

_TINY = {
    "vocab_size": 200,
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}


@pytest.mark.parametrize("shape", gpu.SHAPES, ids=lambda shape: shape.name)
def test_both_engines_are_measured_at_every_batch(shape: gpu.Shape) -> None:
    tiny = replace(shape, fields={**shape.fields, **_TINY})

    found = gpu.measure([tiny], batches=(1, 3), device="cpu")

    measured = {(each.engine, each.batch) for each in found}
    assert {("CTranslate2 int8", 1), ("CTranslate2 int8", 3)} <= measured
    assert {("transformers bfloat16", 1), ("transformers float32", 3)} <= measured
    assert all(each.tokens_per_second > 0 for each in found)
    assert gpu.table(found).count(f"| {shape.name} |") == len(found)
