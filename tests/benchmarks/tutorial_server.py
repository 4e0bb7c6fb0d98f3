"""A server as tutorials write it: FastAPI around a transformers model, one text a call. Its client sends an
article sentence by sentence, as such a server wants it. `python -m tests.benchmarks.tutorial_server
CHECKPOINT PORT`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tests.benchmarks.clients import Load, drive_in_parts
from tests.benchmarks.server import other_server
from tests.benchmarks.transformers_loop import FEW_SENTENCES, PATIENT
from tests.benchmarks.way import Article, Way
from tests.benchmarks.weights import Weights


class Sentence(BaseModel):
    text: str


def tutorial_app(checkpoint: str) -> FastAPI:
    app = FastAPI()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint)

    @app.post("/translate")
    def translate(sentence: Sentence) -> dict[str, str]:
        inputs = tokenizer(sentence.text, return_tensors="pt", truncation=True)
        with torch.no_grad():
            outputs = model.generate(**inputs)
        return {"translation": tokenizer.decode(outputs[0], skip_special_tokens=True)}

    return app


@contextmanager
def tutorial_server(weights: Weights, articles: int, clients: int) -> Iterator[list[Way]]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.tutorial_server",
        str(weights.checkpoint),
        str(port),
    ]
    with other_server(command, PATIENT, f"http://127.0.0.1:{port}", "/openapi.json") as (address, pid):
        label = f"(e) a tutorial's server, {clients} clients, {FEW_SENTENCES} sentences of an article"
        run = partial(_run, address, clients)
        yield [Way(f"tutorial-{clients}", label, pid, articles, run, FEW_SENTENCES)]


def _run(address: str, clients: int, articles: Sequence[Article]) -> Load:
    bodies = [[{"text": sentence} for sentence in article] for article in articles]
    return drive_in_parts(address, "/translate", bodies, clients)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    uvicorn.run(tutorial_app(sys.argv[1]), port=int(sys.argv[2]), log_level="warning")
