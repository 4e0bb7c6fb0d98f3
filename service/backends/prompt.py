"""What a decoder-only model reads: the config's prompt around the text, in the tokenizer's chat template.

The template comes with the tokenizer and is run in transformers' sandbox: data that shapes text, never code.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from service.errors import ModelDamaged
from service.model_store.config import ModelConfig
from service.text.language_names import language_name

_TEXT = "\ue000"
"""Stands for the text while a template is rendered: a private character that no template looks for."""


class _Around(NamedTuple):
    head: str
    tail: str


class Prompt:
    """Safe to call from any thread at any time."""

    def __init__(self, config: ModelConfig, tokenizer: Any) -> None:
        """Raises `ModelDamaged` where the tokenizer has no chat template, or one that does not take the
        config's prompt, or is none of the fast ones."""
        self._config = config
        self._tokenizer = tokenizer
        if not tokenizer.is_fast:
            raise ModelDamaged(f"{config.name}: its tokenizer.json is missing; fetch the model again.")
        # Hugging Face's tokenizers change state while they work.
        self._tokenizing = threading.Lock()
        self.control = frozenset(
            number for number, token in tokenizer.added_tokens_decoder.items() if token.special
        )
        """Numbers of the tokens that steer the model: turns, ends, padding."""
        self._known: dict[tuple[str, str], _Around] = {}
        # A template may know fewer languages than the config: now is the time to say so.
        for source in config.source_languages:
            self._around(source, "")
        for target in config.target_languages:
            self._around("", target)

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[int]:
        """All tokens the model reads, those of the prompt included; the languages are our codes, empty
        for the config's first. A text that spells a control token stays text: its characters are read."""
        head, tail = self._around(source_language, target_language)
        text = text.strip()
        prompt = head + text + tail
        first, last = len(head), len(head) + len(text)
        with self._tokenizing:
            read = self._tokenizer(
                prompt, add_special_tokens=bool(self._config.input.completion), return_offsets_mapping=True
            )
            numbers: list[int] = []
            for number, (start, end) in zip(read["input_ids"], read["offset_mapping"], strict=True):
                if number in self.control and first <= start < end <= last:
                    spelled = self._tokenizer(
                        prompt[start:end], add_special_tokens=False, split_special_tokens=True
                    )
                    numbers += spelled["input_ids"]
                else:
                    numbers.append(number)
        return numbers

    def decode(self, numbers: list[int]) -> str:
        """Text without control tokens and without white space at either end."""
        with self._tokenizing:
            written = self._tokenizer.decode(
                numbers, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        return str(written).strip()

    def _around(self, source_language: str, target_language: str) -> _Around:
        source = source_language or self._config.source_languages[0]
        target = target_language or self._config.target_languages[0]
        if (source, target) not in self._known:
            parts = self._rendered(source, target).split(_TEXT)
            if len(parts) != 2:
                raise ModelDamaged(f"{self._config.name}: its chat template does not hold the text once.")
            self._known[source, target] = _Around(*parts)
        return self._known[source, target]

    def _rendered(self, source: str, target: str) -> str:
        asked = self._config.input
        tokens = asked.language_tokens
        values = {
            "source": tokens.get(source, source),
            "target": tokens.get(target, target),
            "source_name": language_name(source),
            "target_name": language_name(target),
            "text": _TEXT,
        }

        def filled(template: str) -> str:
            for name, value in values.items():
                template = template.replace(f"{{{name}}}", value)
            return template

        if asked.completion:
            return filled(asked.completion)
        content: Any = (
            filled(asked.chat)
            if isinstance(asked.chat, str)
            else [{field: filled(value) for field, value in asked.chat.items()}]
        )
        try:
            rendered = self._tokenizer.apply_chat_template(
                [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
            )
        except Exception as error:  # a template raises what it likes, and there may be none
            raise ModelDamaged(
                f"{self._config.name}: the tokenizer has no chat template that takes `input.chat` for "
                f"{source!r} to {target!r}: {error}"
            ) from error
        return str(rendered)
