"""`docs/benchmarks.md`, written from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import comparison, gpu, machine, overload, targets
from tests.benchmarks.libretranslate import VERSION
from tests.benchmarks.plots import plot
from tests.benchmarks.random_bart import SUMMARY_TOKENS
from tests.benchmarks.random_opus import TARGET_TOKENS
from tests.benchmarks.results import Results
from tests.benchmarks.weights import WEIGHTS

DOCS = Path(__file__).parents[2] / "docs"
PICTURE = Path("images") / "benchmarks.svg"
SOAK = Path("images") / "soak.svg"

_BEGINNING = f"""# Benchmarks

`make bench` writes this page, its figures (`benchmarks.json`) and its picture; `make bench BENCH=--help`
says how to measure a part of it. Ratios are of one run: the ways take turns, in rounds, so that what else
the machine does falls on all of them. {comparison.DESCRIPTION}

What is compared, with the same weights on every side:

- **(a)** CTranslate2's `translate_batch` alone, on all segments at once, int8, one thread a core, already
  tokenized: the ceiling.
- **(b)** this service over HTTP, `/v1/translate`, as it is started by default; its clients run in another
  process on the same cores.
- **(c)** transformers' `generate()`, float32, all cores, in a script without a server.
- **(d)** LibreTranslate {VERSION} in an environment of its own with the same CTranslate2 weights as an
  Argos package. Its sentence splitters are downloads; here the package brings a blank spaCy pipeline
  (`ARGOS_CHUNK_TYPE=SPACY`). Stock: one translation at a time on all cores, batches of 32 tokens. Tuned:
  `ARGOS_INTER_THREADS` as many as cores, `ARGOS_INTRA_THREADS=1`, `ARGOS_BATCH_SIZE=512`. It decodes
  without the checks that (b) makes.
- **(e)** FastAPI around transformers as tutorials write it; an article is sent sentence by sentence.

(c) and (e) get some sentences of each article only, so that a round does not last for minutes; what is said
of an article is worked out from those. Both run with `OMP_WAIT_POLICY=PASSIVE`: by default torch's threads
burn a core while they wait for each other, which on a machine with other work was thirty times slower.

Three sets of weights: random ones in opus-mt-de-en's shape, made so that every engine writes exactly
{TARGET_TOKENS} tokens a sentence with its own defaults (the end token's place is in the weights), and the
bundled starter, which (c) and (e) load multiplied out to float32; and random ones in distilbart-cnn-12-6's
shape that write exactly {SUMMARY_TOKENS} tokens. Those summarise articles that are English already: (a)
reads an article as one source, (b) is `/v1/summarize`, (c) takes one article or four at once; (d) and (e)
have no summaries. With random weights the service's engine answers with the source in capitals, or with an
article's first sentences, after it has decoded, because no check would let random words pass. With
the starter (b) also repairs what its checks find, which the others do not. Output tokens are those that (a)
writes.
"""

_BUSY = (
    "**The machine was busy with other work: rates and times are not what it can do, and ratios vary.** "
    "Above all torch, which wants all cores at once, suffers from that."
)


def write(results: Results) -> None:
    (DOCS / PICTURE).parent.mkdir(exist_ok=True)
    compared = [part for part in WEIGHTS if part in results.parts]
    if compared:
        plot([results.comparison(part) for part in compared], DOCS / PICTURE)
    (DOCS / "benchmarks.md").write_text("\n".join(_page(results, compared)), encoding="utf-8")


def _page(results: Results, compared: list[str]) -> Iterator[str]:
    yield _BEGINNING
    if compared:
        yield f"![articles a second by way]({PICTURE})\n"
    for part in compared:
        found = results.comparison(part)
        yield f"## {found.weights[0].upper()}{found.weights[1:]}\n"
        yield _when(results.parts[part])
        yield f"{len(found.of('raw'))} rounds, {found.tokens} output tokens an article.\n"
        yield comparison.table(found) + "\n"
        yield comparison.ratio_table(found) + "\n"
        for name, why in found.failed.items():
            yield f"Not measured: {name}: `{why.splitlines()[-1]}`\n"
    if "targets" in results.parts:
        yield "## What else the service is held to\n"
        yield _when(results.parts["targets"])
        yield targets.table(results.targets()) + "\n"
    if "overload" in results.parts:
        yield "## More work than it can do\n"
        yield overload.DESCRIPTION + "\n"
        yield _when(results.parts["overload"])
        yield results.parts["overload"]["found"] + "\n"
    if "soak" in results.parts:
        yield "## Memory\n"
        yield _when(results.parts["soak"])
        yield results.parts["soak"]["found"] + "\n"
        yield f"![resident memory by requests answered]({SOAK})\n"
    yield "## Output tokens a second by batch and type of numbers\n"
    yield gpu.DESCRIPTION + "\n"
    if "gpu" in results.parts:
        yield _when(results.parts["gpu"])
        yield results.parts["gpu"]["found"] + "\n"
    else:
        yield "Not measured yet.\n"


def _when(part: dict[str, Any]) -> str:
    facts = "; ".join(f"{key}: {value}" for key, value in part["machine"].items())
    busy = float(part["machine"][machine.LOAD]) > machine.QUIET
    caution = f"\n{_BUSY}\n" if busy else ""
    return f"Measured {part['measured']}. {facts}.\n{caution}"
