"""Tiny decoder-only checkpoints in the true architectures, in the hub's file layout, with a tokenizer that
has a chat template of the vendor's form. Like the others they learn a dozen pairs by heart, prompt included.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from tokenizers import decoders, normalizers, pre_tokenizers

from service.backends.prompt import Prompt
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from service.text.language_names import language_name
from tests.models.checkpoints import CORPUS, D_MODEL, FFN, HEADS, LAYERS, SOURCES, target_of

POSITIONS = 512
"""Of the model; a config may use half of them for the prompt and half for the answer."""

EUROLLM_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\\n<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
HUNYUAN_TEMPLATE = (
    "{{ '<|hy_begin|>' }}{% for message in messages %}"
    "{{ '<|hy_User|>' if message['role'] == 'user' else '<|hy_Assistant|>' }}{{ message['content'] }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|hy_Assistant|>' }}{% endif %}"
)
_NAMES = {
    code: language_name(code) for code in Catalogue.read().model("translategemma-4b-it").source_languages
}
TRANSLATEGEMMA_TEMPLATE = (
    f"{{%- set names = { ({**_NAMES, 'no': 'Norwegian'})!r} -%}}"
    "{{ bos_token }}{%- for message in messages -%}"
    "{%- if message['content'] is string or message['content'] | length != 1 -%}"
    "{{ raise_exception('User content must be a list of exactly one entry.') }}{%- endif -%}"
    "{%- set part = message['content'][0] -%}"
    "{%- set s, t = part['source_lang_code'], part['target_lang_code'] -%}"
    "{%- if s not in names or t not in names -%}{{ raise_exception('Unknown language.') }}{%- endif -%}"
    "{{ '<start_of_turn>user\\nYou are a professional ' + names[s] + ' (' + s + ') to ' + names[t] + ' (' + t"
    " + ') translator. Produce only the ' + names[t] + ' translation.\\n\\n\\n' + part['text'] | trim"
    " + '<end_of_turn>\\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}"
)

_PROMPTS = [
    "Translate the following German source text to English:\nGerman: \nEnglish: ",
    "Translate the following text into English. Note that you should only output the translated result "
    "without any additional explanation:\n\n",
    "You are a professional German (de) to English (en) translator. Produce only the English translation.\n",
    "system user assistant model im_start im_end start_of_turn end_of_turn eos < | > / _ { } [ ] & ;",
]


def eurollm(directory: Path, config: ModelConfig) -> Path:
    """Llama, with white space as `▁` and an end of turn that only generation_config.json calls an end."""
    tokenizer = _tokenizer(
        directory,
        EUROLLM_TEMPLATE,
        metaspace=True,
        named={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>"},
        others=["<|im_start|>", "<|im_end|>"],
    )
    hub = transformers.LlamaConfig(
        **_shape(tokenizer), num_key_value_heads=HEADS // 2, tie_word_embeddings=False
    )
    return _learnt(directory, config, tokenizer, transformers.LlamaForCausalLM(hub), end="<|im_end|>")


def hy_mt2(directory: Path, config: ModelConfig) -> Path:
    """HunYuan's dense model, byte-level pairs, many control tokens that nobody uses."""
    tokenizer = _tokenizer(
        directory,
        HUNYUAN_TEMPLATE,
        metaspace=False,
        named={"bos_token": "<|hy_begin|>", "eos_token": "<|hy_end|>", "pad_token": "<|hy_pad|>"},
        others=["<|hy_User|>", "<|hy_Assistant|>", *(f"<|hy_placeholder_no_{n}|>" for n in range(8))],
    )
    hub = transformers.HunYuanDenseV1Config(
        **_shape(tokenizer), num_key_value_heads=HEADS // 2, head_dim=D_MODEL // HEADS
    )
    model = transformers.HunYuanDenseV1ForCausalLM(hub)
    return _learnt(directory, config, tokenizer, model, end="<|hy_end|>")


def translategemma(directory: Path, config: ModelConfig) -> Path:
    """Gemma 3 with its part that sees images; local layers look back a few tokens only."""
    tokenizer = _tokenizer(
        directory,
        TRANSLATEGEMMA_TEMPLATE,
        metaspace=True,
        named={"bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"},
        others=["<start_of_turn>", "<end_of_turn>", "<image_soft_token>"],
    )
    text = {
        **_shape(tokenizer),
        "num_key_value_heads": HEADS // 2,
        "head_dim": D_MODEL // HEADS,
        "sliding_window": 32,
        "layer_types": ["sliding_attention", "full_attention"],
    }
    image = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 8,
        "patch_size": 4,
    }
    hub = transformers.Gemma3Config(
        text_config=text,
        vision_config=image,
        mm_tokens_per_image=1,
        image_token_id=tokenizer.convert_tokens_to_ids("<image_soft_token>"),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = transformers.Gemma3ForConditionalGeneration(hub)
    return _learnt(directory, config, tokenizer, model, end="<end_of_turn>")


MADE: dict[str, Callable[[Path, ModelConfig], Path]] = {
    "eurollm-1.7b-instruct": eurollm,
    "hy-mt2-1.8b": hy_mt2,
    "translategemma-4b-it": translategemma,
}


def _shape(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": D_MODEL,
        "intermediate_size": FFN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _tokenizer(
    directory: Path, template: str, *, metaspace: bool, named: dict[str, str], others: list[str]
) -> Any:
    made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=named.get("unk_token")))
    alphabet: list[str] = []
    if metaspace:
        made.normalizer = normalizers.Replace(" ", "▁")
        made.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
        made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
    else:
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(dict.fromkeys([*named.values(), *others])),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    made.train_from_iterator([*CORPUS, *_PROMPTS * 3], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, additional_special_tokens=others, chat_template=template, **named
    )
    tokenizer.save_pretrained(str(directory))
    return tokenizer


def _learnt(directory: Path, config: ModelConfig, tokenizer: Any, model: Any, *, end: str) -> Path:
    """Teaches the pairs by heart, as the config's prompt puts them, and saves."""
    torch.manual_seed(3)
    for weights in model.parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.08)
    prompt, last = Prompt(config, tokenizer), tokenizer.convert_tokens_to_ids(end)
    asked = [prompt.encode(source, "de", "en") for source in SOURCES]
    answers = [
        [*tokenizer(target_of(source), add_special_tokens=False)["input_ids"], last] for source in SOURCES
    ]
    width = max(len(a) + len(b) for a, b in zip(asked, answers, strict=True))
    ids = torch.full((len(asked), width), last)
    labels = torch.full((len(asked), width), -100)
    for row, (question, answer) in enumerate(zip(asked, answers, strict=True)):
        whole = torch.tensor([*question, *answer])
        ids[row, : len(whole)] = whole
        labels[row, len(question) : len(whole)] = whole[len(question) :]
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.eval()  # nothing here drops out, and Gemma trains only with token types
    for _ in range(120):
        logits = model(input_ids=ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # As the vendors ship it: sampling, and more than one token that ends an answer.
    model.generation_config = transformers.GenerationConfig(
        do_sample=True,
        temperature=0.7,
        top_k=20,
        repetition_penalty=1.05,
        max_length=20,
        eos_token_id=[last, tokenizer.eos_token_id],
    )
    model.save_pretrained(directory)
    return directory
