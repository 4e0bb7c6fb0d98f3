"""How often tags and terms find their place, `python -m tests.benchmarks.markup SOURCES.de [TERMS.tsv]`: with
the bundled model, a random stretch of one to three words of every line in `<b>`, and the terms, where a file
of them (source, tab, target) is given, asked of every line."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from service.opening import open_pipeline
from service.pipeline.article import DigestRequest
from service.pipeline.result import Digest
from service.settings import Settings
from service.terms.glossary import Term, TermList

MOST_WORDS = 3


def tagged(line: str, dice: random.Random) -> str:
    words = line.split()
    first = dice.randrange(len(words))
    last = min(len(words), first + dice.randint(1, MOST_WORDS)) - 1
    stem = words[last].rstrip(".,;:!?")
    words[last] = f"{stem}</b>{words[last][len(stem) :]}"
    words[first] = f"<b>{words[first]}"
    return " ".join(words)


async def translated(requests: Sequence[DigestRequest]) -> list[Digest]:
    async with open_pipeline(Settings(profile="starter")) as pipeline:
        return await pipeline.translate_all(requests)


def texts(digests: Sequence[Digest]) -> list[str]:
    return [digest.translation.text for digest in digests if digest.translation is not None]


def main() -> None:
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    dice = random.Random(1)  # noqa: S311 -- no secret hangs on it
    made = asyncio.run(
        translated([DigestRequest(tagged(line, dice), source="de", media="html") for line in lines])
    )
    whole = sum(text.count("<b>") == text.count("</b>") == 1 for text in texts(made))
    codes = Counter(code for digest in made for code in {caveat.code for caveat in digest.caveats})
    print(f"{len(lines)} lines: {whole} with both tags, {codes['markup_doubtful']} translated between them")
    if len(sys.argv) < 3:
        return
    pairs = (line.split("\t") for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines())
    terms = TermList(tuple(Term(source, target) for source, target in pairs))
    made = asyncio.run(translated([DigestRequest(line, source="de", glossary=terms) for line in lines]))
    uses = [use for digest in made for use in digest.terms or ()]
    said = sum(use.applied and not use.inserted for use in uses)
    inserted = sum(use.inserted and use.applied for use in uses)
    print(f"{len(uses)} terms: {said} said anyway, {inserted} put in, {len(uses) - said - inserted} missed")


if __name__ == "__main__":
    main()
