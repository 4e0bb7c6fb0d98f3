"""Train the bundled German-to-English starter model: a small Marian network, on an ordinary processor, in two
hours.

    python train.py prepare  --corpus CORPUS --work WORK --held-out flores-dev.de flores-dev.en
    python train.py align    --work WORK
    python train.py pack     --work WORK --output PACK.xz
    python train.py unpack   --work WORK --input PACK.xz
    python train.py train    --work WORK --dev flores-dev.de flores-dev.en --steps 16000
    python train.py check    --work WORK --dev flores-dev.de flores-dev.en
    python train.py export   --work WORK --output weights
    python train.py evaluate --weights weights --dev flores-dev.de flores-dev.en
    python train.py plot     --work WORK --output curve.svg

`pack` and `unpack` carry the selected data to another machine in one file; on a GPU:

    python train.py train --work WORK --dev ... --device cuda --encoder-layers 6 --width 384
        --feed-forward 1536 --dropout 0.2 --batch-pieces 32768 --until TIME

There many passes over the data ask for strong dropout; in two hours on a processor each pair is seen about
twice, and 0.05 is enough. `train` stops by itself when the development score has not risen for `--patience`
measures.

CORPUS holds the gzip files named in `corpus.SOURCES`. `train` goes on from the last checkpoint in WORK if
there is one; a run may be killed at any time and loses at most the minutes since that checkpoint.

Needs Python 3.11 and, at the versions it was run with: torch 2.13, transformers 5.23, sentencepiece,
ctranslate2 4.8.5, sacrebleu 2, sacremoses 0.2, eflomal 2.0, numpy 2, scipy 1.17, tqdm; matplotlib 3.11 for
`plot`.

On a processor that others use too, set GOMP_SPINCOUNT=0: otherwise threads that wait for a thread whose core
was taken away spin instead of sleeping, and training all but stands still."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import math
import random
import re
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import corpus
import numpy as np
import vocabulary
from corpus import Pair
from dataset import Dataset, Position, Side, batches

MADE_HERE = ("copies", "figures")
LOG_FIELDS = (
    "time",
    "minutes",
    "step",
    "target_pieces",
    "loss",
    "guided_loss",
    "pieces_per_second",
    "bleu",
    "chrf",
)
AVERAGE_EVERY = 8
"""Steps between two updates of the averaged weights."""
AVERAGE_DECAY = 0.992
"""Kept at each update: the average reaches back about 1,000 steps."""


def normalized_source(path: Path, held_out: frozenset[str]) -> list[Pair]:
    """Read, normalise and clean one source. Quotes, dashes and blanks become those that the service sends."""
    from sacremoses import MosesPunctNormalizer

    german, english = MosesPunctNormalizer("de").normalize, MosesPunctNormalizer("en").normalize
    raw = (
        Pair(corpus.squeeze(pair.german), corpus.squeeze(pair.english)) for pair in corpus.read_source(path)
    )
    usable = (pair for pair in raw if corpus.is_usable(*pair))
    normalized = (Pair(german(pair.german), english(pair.english)) for pair in usable)
    return list(corpus.clean(normalized, held_out))


def prepare(options: argparse.Namespace) -> None:
    """Clean the corpus, learn the vocabulary and write the encoded pairs."""
    rng = random.Random(options.seed)  # noqa: S311 - draws data, not secrets
    held_out = frozenset(
        corpus.fingerprint(line)
        for path in options.held_out
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    files = {
        source.name: options.corpus / f"{source.name}.tsv.gz"
        for source in corpus.SOURCES
        if source.name not in MADE_HERE
    }
    with ProcessPoolExecutor(options.threads) as pool:
        cleaned = pool.map(normalized_source, files.values(), [held_out] * len(files))
        pairs = dict(zip(files, cleaned, strict=True))
    news = [
        pair for name in ("wmt-news-refs", "syn-bergamot-deen", "europarl-pieces") for pair in pairs[name]
    ]
    pairs["copies"] = corpus.copied_target(news, limit=25_000, rng=rng)
    pairs["figures"] = corpus.figure_pairs(12_000, rng)

    options.work.mkdir(parents=True, exist_ok=True)
    full = corpus.PHASES[-1]
    lines = [
        line
        for source in corpus.SOURCES
        for number in corpus.draw(corpus.rate_of(source, full), len(pairs[source.name]), rng)
        for line in pairs[source.name][number]
    ]
    directory = options.work / "vocabulary"
    vocabulary.learn(rng.sample(lines, min(len(lines), 400_000)), directory, options.threads)

    processor = vocabulary.load(directory)
    every = [pair for name in pairs for pair in pairs[name]]
    german = Side.from_sentences(
        list(vocabulary.encode(processor, [pair.german for pair in every], options.threads))
    )
    english = Side.from_sentences(
        list(vocabulary.encode(processor, [pair.english for pair in every], options.threads))
    )
    bounds = np.cumsum([0, *(len(pairs[name]) for name in pairs)])
    Dataset(german, english, list(pairs), bounds).save(options.work / "pairs.npz")
    for name, first, after in zip(pairs, bounds, bounds[1:], strict=False):
        pieces = german.starts[after] - german.starts[first], english.starts[after] - english.starts[first]
        print(f"{name:24} {after - first:8} pairs {pieces[0]:9} German {pieces[1]:9} English pieces")


def align(options: argparse.Namespace) -> None:
    """Align the encoded pairs and make the start embeddings."""
    import alignment

    data = Dataset.load(options.work / "pairs.npz")
    links = alignment.align(data, options.work)
    np.save(options.work / "links.npy", links)
    print(f"{(links >= 0).mean():.1%} of English pieces are linked")
    points = alignment.embeddings(dataclasses.replace(data, links=links), options.width, options.seed)
    np.save(options.work / "embeddings.npy", points)
    processor = vocabulary.load(options.work / "vocabulary")
    pieces = [processor.id_to_piece(number) for number in range(vocabulary.SIZE)]
    for piece, around in alignment.nearest(points, pieces, ["▁Haus", "▁Regierung", "▁und", "▁house", "7"]):
        print(piece, around)


def pack(options: argparse.Namespace) -> None:
    """Write the selected, aligned pairs, the start embeddings and the vocabulary into one small file."""
    import pack as packing

    data = Dataset.load(options.work / "pairs.npz", options.work / "links.npy")
    points = np.load(options.work / "embeddings.npy")
    limit = int(options.megabytes * 1e6)
    packed = packing.pack(data, points, options.work / "vocabulary", options.output, limit, options.seed)
    print(f"{packed.pairs} pairs, {packed.target_pieces} English pieces, {packed.size / 1e6:.1f} MB")


def unpack(options: argparse.Namespace) -> None:
    """Take up what `pack` wrote, as if `prepare` and `align` had run here."""
    import pack as packing

    packing.unpack(options.input, options.work)


def learning_rate(step: int, options: argparse.Namespace) -> float:
    """Rise in a straight line for `warm_up` steps, then fall in one to a fiftieth of the peak at the last
    step."""
    progress = min(1.0, step / options.steps)
    return float(options.peak * min(1.0, (step + 1) / options.warm_up) * max(0.02, 1.0 - progress))


class Run:
    """A training run: network, optimiser, averaged weights and place in the data."""

    def __init__(self, options: argparse.Namespace) -> None:
        import network
        import torch

        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.device = torch.device(options.device)
        self.data = Dataset.load(options.work / "pairs.npz", options.work / "links.npy")
        model = network.build(
            options.width, options.encoder_layers, options.decoder_layers, options.feed_forward, options.heads
        )
        points = torch.from_numpy(np.load(options.work / "embeddings.npy"))
        shares = np.bincount(self.data.english.pieces, minlength=vocabulary.SIZE) + 1.0
        self.network = network.Network(model, options.dropout)
        with torch.no_grad():
            model.model.shared.weight[: vocabulary.SIZE] = points
            # Starting from how often each piece occurs saves the steps that would learn just that.
            self.network.bias.copy_(torch.from_numpy(np.log(shares) - np.log(shares).mean()))
        self.network.to(self.device)
        self.forward = (
            torch.compile(self.network, dynamic=True) if self.device.type == "cuda" else self.network
        )
        self.parameters = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.optimizer = torch.optim.Adam(
            self.parameters, lr=options.peak, betas=(0.9, 0.98), eps=1e-9, fused=True
        )
        self.step = 0
        self.target_pieces = 0
        self.seconds = 0.0
        self.position = Position()
        self.best_chrf = 0.0
        self.measures_since_best = 0

    @property
    def checkpoint(self) -> Path:
        """The file that holds the whole state."""
        return Path(self.options.work) / "checkpoint.pt"

    @property
    def best_checkpoint(self) -> Path:
        """The state when the development score was highest."""
        return Path(self.options.work) / "best.pt"

    def note(self, chrf: float) -> bool:
        """Keep the state if it scores better than any before; return whether patience has run out."""
        if chrf > self.best_chrf:
            self.best_chrf, self.measures_since_best = chrf, 0
            self.save(self.best_checkpoint)
        else:
            self.measures_since_best += 1
        return 0 < self.options.patience <= self.measures_since_best

    def save(self, path: Path | None = None) -> None:
        """Write the state beside the last checkpoint, then put it in its place in one step."""
        import torch

        path = path or self.checkpoint

        state = {
            "parameters": self.parameters,
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "target_pieces": self.target_pieces,
            "seconds": self.seconds,
            "position": dataclasses.asdict(self.position),
            "random": torch.get_rng_state(),
            "best_chrf": self.best_chrf,
            "measures_since_best": self.measures_since_best,
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(path)

    def restore(self, path: Path | None = None) -> bool:
        """Take up the last checkpoint; return whether there was one."""
        import torch

        path = path or self.checkpoint
        if not path.exists():
            return False
        state = torch.load(path, map_location="cpu", weights_only=True)
        with torch.no_grad():
            for mine, saved in zip(
                self.parameters + self.average, state["parameters"] + state["average"], strict=True
            ):
                mine.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.target_pieces, self.seconds = state["step"], state["target_pieces"], state["seconds"]
        self.position = Position(**state["position"])
        torch.set_rng_state(state["random"])
        self.best_chrf, self.measures_since_best = state["best_chrf"], state["measures_since_best"]
        return True

    def update(self, german: Any, english: Any, links: Any) -> tuple[float, float, int]:
        """Do one step on one batch; return summed cross-entropy, mean alignment loss and target pieces."""
        import torch

        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.options)
        pieces = int((english != vocabulary.PAD).sum())
        linked = max(1, int((links >= 0).sum()))
        entropy, guided = self.forward(german, english, links)
        (entropy / pieces + self.options.guided * guided / linked).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.target_pieces += pieces
        if self.step % AVERAGE_EVERY == 0:
            keep = min(AVERAGE_DECAY, self.step / (self.step + 10 * AVERAGE_EVERY))
            torch._foreach_lerp_(
                self.average, [parameter.detach() for parameter in self.parameters], 1.0 - keep
            )
        return float(entropy.detach()), float(guided.detach()) / linked, pieces

    def export(self, directory: Path, quantization: str = "int8") -> Path:
        """Write the averaged weights in Hugging Face form and converted to CTranslate2; return the latter's
        folder."""
        import shutil

        import network
        import torch

        plain, converted = directory / "huggingface", directory / "ctranslate2"
        kept = [parameter.detach().clone() for parameter in self.parameters]
        with torch.no_grad():
            for parameter, mean in zip(self.parameters, self.average, strict=True):
                parameter.copy_(mean)
        self.network.store_bias()
        self.network.model.save_pretrained(plain)
        with torch.no_grad():
            for parameter, current in zip(self.parameters, kept, strict=True):
                parameter.copy_(current)
        for name in ("source.spm", "target.spm", "vocab.json", "tokenizer_config.json"):
            shutil.copyfile(self.options.work / "vocabulary" / name, plain / name)
        network.convert(plain, converted, quantization)
        return converted


def train(options: argparse.Namespace) -> None:
    """Train, or go on training, until `steps` or `until`; log, checkpoint and measure on the way."""
    import torch
    from tqdm import tqdm

    run = Run(options)
    resumed = run.restore()
    print(
        f"{'resumed' if resumed else 'started'} at step {run.step}, {run.target_pieces} target pieces",
        flush=True,
    )
    stop = False

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    log_path = options.work / "log.csv"
    fresh = not log_path.exists()
    with log_path.open("a", newline="", encoding="utf-8") as log_file:
        log = csv.DictWriter(log_file, LOG_FIELDS)
        if fresh:
            log.writeheader()
        stream = batches(
            run.data,
            options.batch_pieces,
            options.seed,
            run.position,
            lambda: corpus.phase_at(run.step / options.steps),
        )
        entropy, guided, pieces, steps, started = 0.0, 0.0, 0, 0, time.monotonic()
        saved = measured = time.monotonic()
        bar = tqdm(total=options.steps, initial=run.step, mininterval=20, unit="step")
        while run.step < options.steps and not stop and not (options.until and time.time() > options.until):
            before = time.monotonic()
            batch = next(stream)
            arrays = (
                torch.from_numpy(array).to(run.device) for array in (batch.german, batch.english, batch.links)
            )
            batch_entropy, batch_guided, batch_pieces = run.update(*arrays)
            run.seconds += time.monotonic() - before
            if not math.isfinite(batch_entropy):
                sys.exit(f"the loss is {batch_entropy} at step {run.step}")
            entropy, guided = entropy + batch_entropy, guided + batch_guided
            pieces, steps = pieces + batch_pieces, steps + 1
            bar.update()
            if time.monotonic() - saved > 60 * options.save_minutes:
                run.save()
                saved = time.monotonic()
            due = time.monotonic() - measured > 60 * options.measure_minutes
            if run.step % options.log_steps == 0 or due:
                row: dict[str, Any] = {
                    "time": time.strftime("%H:%M:%S", time.gmtime()),
                    "minutes": f"{run.seconds / 60:.2f}",
                    "step": run.step,
                    "target_pieces": run.target_pieces,
                    "loss": f"{entropy / pieces:.4f}",
                    "guided_loss": f"{guided / steps:.4f}",
                    "pieces_per_second": round(pieces / (time.monotonic() - started)),
                }
                if due:
                    scores = measure(
                        run.export(options.work / "latest"), options.dev, options.dev_sentences, 1
                    )
                    row |= {"bleu": f"{scores['bleu']:.2f}", "chrf": f"{scores['chrf']:.2f}"}
                    measured = time.monotonic()
                    stop = run.note(scores["chrf"]) or stop
                log.writerow(row)
                log_file.flush()
                entropy, guided, pieces, steps, started = 0.0, 0.0, 0, 0, time.monotonic()
        bar.close()
    run.save()
    print(f"stopped at step {run.step}, {run.target_pieces} target pieces", flush=True)


def translate(
    weights: Path, lines: list[str], beam: int, threads: int, compute_type: str = "int8"
) -> list[str]:
    """Translate German lines with converted weights, the way the service does: normalise, encode, decode."""
    import ctranslate2
    import sentencepiece
    from sacremoses import MosesPunctNormalizer

    translator = ctranslate2.Translator(str(weights), compute_type=compute_type, intra_threads=threads)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(weights / "source.spm"))
    normalize = MosesPunctNormalizer("de").normalize
    sources = [[*processor.encode(normalize(line), out_type=str), "</s>"] for line in lines]
    results = translator.translate_batch(
        sources,
        beam_size=beam,
        max_batch_size=2048,
        batch_type="tokens",
        max_input_length=0,
        max_decoding_length=256,
    )
    return [processor.decode(result.hypotheses[0]) for result in results]


_FIGURE = re.compile(r"\d+")


def standing_figures(sources: list[str], outputs: list[str]) -> float:
    """Return the share of digit groups in the sources that stand in the outputs, counted with repetition."""
    wanted = found = 0
    for source, output in zip(sources, outputs, strict=True):
        left = _FIGURE.findall(output)
        for figure in _FIGURE.findall(source):
            wanted += 1
            if figure in left:
                left.remove(figure)
                found += 1
    return found / max(1, wanted)


def measure(weights: Path, dev: list[Path], count: int | None, beam: int, threads: int = 2) -> dict[str, Any]:
    """Translate the first `count` lines of the development set and score them with sacrebleu's defaults."""
    import sacrebleu

    german, english = (path.read_text(encoding="utf-8").splitlines()[:count] for path in dev)
    started = time.monotonic()
    outputs = translate(weights, german, beam, threads)
    seconds = time.monotonic() - started
    bleu, chrf = sacrebleu.BLEU(), sacrebleu.CHRF()
    return {
        "sentences": len(german),
        "beam": beam,
        "bleu": bleu.corpus_score(outputs, [english]).score,
        "bleu_signature": str(bleu.get_signature()),
        "chrf": chrf.corpus_score(outputs, [english]).score,
        "chrf_signature": str(chrf.get_signature()),
        "figures_standing": standing_figures(german, outputs),
        "sentences_per_second": len(german) / seconds,
        "outputs": outputs,
    }


def export(options: argparse.Namespace) -> None:
    """Convert the averaged weights of the last checkpoint, or of the best, and copy them to `output`."""
    import shutil

    run = Run(options)
    if not run.restore(run.best_checkpoint if options.best else run.checkpoint):
        sys.exit("there is no checkpoint to export")
    converted = run.export(options.work / "final")
    options.output.mkdir(parents=True, exist_ok=True)
    for path in converted.iterdir():
        shutil.copyfile(path, options.output / path.name)
    print(f"exported step {run.step} after {run.target_pieces} target pieces to {options.output}")


def check(options: argparse.Namespace) -> None:
    """Show that the lean forward pass, the Hugging Face model and the converted model agree."""
    import network
    import torch
    from torch.nn import functional
    from transformers import AutoModelForSeq2SeqLM, MarianTokenizer

    directory = options.work / "check"
    run = Run(options)
    run.restore()
    converted = run.export(directory, quantization="float32")
    tokenizer = MarianTokenizer.from_pretrained(directory / "huggingface")
    model = AutoModelForSeq2SeqLM.from_pretrained(directory / "huggingface", dtype=torch.float32).eval()

    stream = batches(run.data, 1024, options.seed, Position(), lambda: corpus.PHASES[0])
    batch = next(stream)
    german, english, links = (torch.from_numpy(array) for array in (batch.german, batch.english, batch.links))
    with torch.no_grad():
        lean = network.Network(model, dropout=0.0, dtype=torch.float32).eval()
        ours = float(lean(german, english, links)[0]) / batch.target_pieces
        start = english.new_full((english.shape[0], 1), vocabulary.PAD)
        logits = model(input_ids=german, decoder_input_ids=torch.cat([start, english[:, :-1]], 1)).logits
        theirs = float(
            functional.cross_entropy(logits.flatten(0, 1), english.flatten(), ignore_index=vocabulary.PAD)
        )
    print(f"cross-entropy per piece: lean {ours:.5f}, Hugging Face {theirs:.5f}")

    lines = options.dev[0].read_text(encoding="utf-8").splitlines()[: options.lines]
    from sacremoses import MosesPunctNormalizer

    normalize = MosesPunctNormalizer("de").normalize
    inputs = tokenizer([normalize(line) for line in lines], return_tensors="pt", padding=True)
    generated = model.generate(**inputs, num_beams=1, do_sample=False, max_new_tokens=256)
    by_transformers = tokenizer.batch_decode(generated, skip_special_tokens=True)
    by_ctranslate2 = translate(converted, lines, beam=1, threads=options.threads, compute_type="float32")
    same = sum(one == other for one, other in zip(by_transformers, by_ctranslate2, strict=True))
    print(f"greedy translations equal: {same} of {len(lines)}")


def evaluate(options: argparse.Namespace) -> None:
    """Score converted weights and print the scores; the translations go to `outputs` if that is given."""
    scores = measure(options.weights, options.dev, None, options.beam, options.threads)
    outputs = scores.pop("outputs")
    if options.outputs:
        options.outputs.write_text("\n".join(outputs) + "\n", encoding="utf-8")
    print(json.dumps(scores, indent=1))


def plot(options: argparse.Namespace) -> None:
    """Draw loss and scores over target pieces."""
    from matplotlib import pyplot

    with (options.work / "log.csv").open(encoding="utf-8") as log_file:
        rows = list(csv.DictReader(log_file))
    figure, axes = pyplot.subplots(figsize=(7, 3.5))
    axes.plot(
        [int(row["target_pieces"]) / 1e6 for row in rows],
        [float(row["loss"]) for row in rows],
        color="0.6",
        lw=1,
    )
    axes.set(xlabel="million target pieces", ylabel="training cross-entropy (nats per piece)")
    scored = [row for row in rows if row["bleu"]]
    right = axes.twinx()
    for field, colour in (("bleu", "tab:blue"), ("chrf", "tab:orange")):
        right.plot(
            [int(row["target_pieces"]) / 1e6 for row in scored],
            [float(row[field]) for row in scored],
            color=colour,
            marker="o",
            ms=3,
            label={"bleu": "BLEU", "chrf": "chrF"}[field],
        )
    right.set_ylabel("score on the first 200 lines of flores-dev, greedy")
    right.legend(loc="center right")
    figure.tight_layout()
    figure.savefig(options.output)


def _add_training_arguments(added: argparse.ArgumentParser) -> None:
    added.add_argument("--dev-sentences", type=int, default=200)
    added.add_argument("--steps", type=int, default=16_000, help="the plan for curriculum and learning rate")
    added.add_argument("--until", type=float, default=0.0, help="stop at this time, in seconds since 1970")
    added.add_argument("--warm-up", type=int, default=600, help="steps over which the learning rate rises")
    added.add_argument("--batch-pieces", type=int, default=4096)
    added.add_argument("--guided", type=float, default=0.5, help="weight of the alignment loss")
    added.add_argument("--log-steps", type=int, default=100)
    added.add_argument("--save-minutes", type=float, default=8.0)
    added.add_argument("--measure-minutes", type=float, default=10.0)
    added.add_argument(
        "--patience", type=int, default=6, help="stop after so many measures without a better score; 0: never"
    )


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)

    def command(function: Any, *, work: bool = True, network: bool = False) -> argparse.ArgumentParser:
        added = commands.add_parser(function.__name__, help=function.__doc__.splitlines()[0])
        added.set_defaults(function=function)
        added.add_argument("--threads", type=int, default=2)
        added.add_argument("--seed", type=int, default=1)
        if work:
            added.add_argument("--work", type=Path, required=True, help="data, checkpoints and log")
        if network or function is align:
            added.add_argument("--width", type=int, default=256)
        if network:
            added.add_argument("--encoder-layers", type=int, default=4)
            added.add_argument("--decoder-layers", type=int, default=2)
            added.add_argument("--feed-forward", type=int, default=1024)
            added.add_argument("--heads", type=int, default=4)
            added.add_argument("--dropout", type=float, default=0.05)
            added.add_argument("--device", default="cpu")
            added.add_argument("--peak", type=float, default=1.2e-3, help="highest learning rate")
        return added

    added = command(prepare)
    added.add_argument("--corpus", type=Path, required=True)
    added.add_argument(
        "--held-out", type=Path, nargs="+", required=True, help="texts that must not be trained on"
    )
    command(align)
    added = command(pack)
    added.add_argument("--output", type=Path, required=True)
    added.add_argument("--megabytes", type=float, default=35.0, help="at most; as many pairs as fit")
    added = command(unpack)
    added.add_argument("--input", type=Path, required=True)
    added = command(train, network=True)
    added.add_argument("--dev", type=Path, nargs=2, required=True, metavar=("GERMAN", "ENGLISH"))
    _add_training_arguments(added)
    added = command(export, network=True)
    added.add_argument("--best", action="store_true", help="the checkpoint that scored best, not the last")
    added.add_argument("--output", type=Path, required=True)
    added = command(check, network=True)
    added.add_argument("--dev", type=Path, nargs=2, required=True, metavar=("GERMAN", "ENGLISH"))
    added.add_argument("--lines", type=int, default=100)
    added = command(evaluate, work=False)
    added.add_argument("--weights", type=Path, required=True)
    added.add_argument("--dev", type=Path, nargs=2, required=True, metavar=("GERMAN", "ENGLISH"))
    added.add_argument("--beam", type=int, default=4)
    added.add_argument("--outputs", type=Path)
    added = command(plot)
    added.add_argument("--output", type=Path, required=True)
    return top


if __name__ == "__main__":
    arguments = parser().parse_args()
    arguments.function(arguments)
