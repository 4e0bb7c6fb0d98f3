"""`kurzfassung digest | translate | summarize FILE`: one article, no server."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from service.api.body import decode_text
from service.api.native import answer_wire, request_wire
from service.cli.exit_codes import ExitCode
from service.cli.whole_number import whole_number
from service.errors import GlossaryInvalid, InvalidText, UnsupportedMedia
from service.opening import open_pipeline
from service.pipeline.article import ArticlePipeline, DigestRequest, MediaType
from service.pipeline.result import Digest
from service.pipeline.summarization import Style, SummaryLength, SummaryRequest
from service.settings import Settings
from service.terms.glossary import Term, TermList, check_terms

_HELP = {
    "digest": "translate and summarise an article",
    "translate": "translate an article",
    "summarize": "summarise an article",
}


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for command, text in _HELP.items():
        parser = subparsers.add_parser(command, help=text)
        parser.add_argument("file", metavar="FILE", help="a text or HTML file; - reads standard input")
        parser.add_argument(
            "--format",
            choices=get_args(MediaType),
            help="page: an article is read out of a web page (the default for .html files); "
            "html, xml: the markup comes back as it went in",
        )
        parser.add_argument(
            "--keep", action="append", default=[], metavar="STRING", help="comes back as it is; repeatable"
        )
        parser.add_argument(
            "--glossary", type=_terms, metavar="FILE", help="terms, a line each: source, a tab, target"
        )
        parser.add_argument("--source", default="auto", help="language code, or auto (default)")
        parser.add_argument("--target", default="en", help="language code (default: en)")
        parser.add_argument("--json", action="store_true", help="the whole answer as JSON, as over HTTP")
        if command != "translate":
            add_summary_arguments(parser)
        if command != "summarize":
            parser.add_argument("--segments", action="store_true", help="with --json: spans and scores")
        parser.set_defaults(run=run, command=command)


def add_summary_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sentences", type=_bounded("sentences"), help="at most so many in the summary")
    parser.add_argument("--words", type=_bounded("words"), help="at most so many words in the summary")
    parser.add_argument("--length", choices=["short", "medium", "long"], help="or one of three lengths")
    parser.add_argument("--style", choices=["paragraph", "bullets", "headline"])
    parser.add_argument("--focus", help="what the summary should tell of")
    parser.add_argument("--language", help="of the summary: the target's code (default) or the source's")


def summary_request(arguments: argparse.Namespace) -> SummaryRequest:
    """What `add_summary_arguments` asked for."""
    length = SummaryLength.of(arguments.sentences, arguments.words, arguments.length)
    style: Style = arguments.style or "paragraph"
    return SummaryRequest(length, arguments.language, style, arguments.focus or "")


def _bounded(field: str) -> Callable[[str], int]:
    """The same bounds as over HTTP."""
    bounds = request_wire.SummaryWish.model_json_schema()["properties"][field]["anyOf"][0]
    return whole_number(bounds["minimum"], bounds["maximum"])


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    command: str = arguments.command
    pages = Path(arguments.file).suffix.lower() in {".html", ".htm", ".xhtml"}
    media: MediaType = arguments.format or ("page" if pages else "text")
    try:
        text = _read(arguments.file, html=media == "page")
    except OSError as error:
        print(f"kurzfassung: {arguments.file}: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    except InvalidText:
        print(f"kurzfassung: {arguments.file}: not UTF-8 text", file=sys.stderr)
        return ExitCode.USAGE
    except UnsupportedMedia:
        print(f"kurzfassung: {arguments.file}: declares a charset that is not read here", file=sys.stderr)
        return ExitCode.USAGE
    summary = SummaryRequest() if command == "translate" else summary_request(arguments)
    request = DigestRequest(
        text, arguments.source, arguments.target, media, summary, tuple(arguments.keep), arguments.glossary
    )
    digest = asyncio.run(_work(command, request, settings))
    if arguments.json:
        shape = shape_of(command, digest, segments=getattr(arguments, "segments", False))
        print(json.dumps(shape, ensure_ascii=False, indent=2))
    else:
        _print(digest)
    return ExitCode.OK


def shape_of(command: str, digest: Digest, *, segments: bool) -> dict[str, object]:
    """The answer as the HTTP API gives it."""
    out: answer_wire.DigestOut | answer_wire.TranslatedTextOut | answer_wire.SummarizeOut
    if command == "digest":
        out = answer_wire.digest_out(digest, segments=segments)
    elif command == "translate":
        out = answer_wire.translated_out(digest, segments=segments)
    else:
        out = answer_wire.summarize_out(digest)
    return answer_wire.dumped(out)


async def answer(pipeline: ArticlePipeline, command: str, request: DigestRequest) -> Digest:
    if command == "translate":
        return await pipeline.translate(request)
    if command == "summarize":
        return await pipeline.summarize(request)
    return await pipeline.digest(request)


async def _work(command: str, request: DigestRequest, settings: Settings) -> Digest:
    async with open_pipeline(settings) as pipeline:
        return await answer(pipeline, command, request)


def _terms(name: str) -> TermList:
    """An argparse type."""
    try:
        lines = Path(name).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise argparse.ArgumentTypeError(f"{name}: not UTF-8 text") from error
    terms = []
    for number, line in enumerate(lines, 1):
        source, tab, target = line.partition("\t")
        if line.strip() and not tab:
            raise argparse.ArgumentTypeError(f"{name}: line {number}: a source, a tab and a target")
        if line.strip():
            terms.append(Term(source.strip(), target.strip()))
    try:
        check_terms(terms)
    except GlossaryInvalid as error:
        raise argparse.ArgumentTypeError(f"{name}: {error.message}") from error
    return TermList(tuple(terms))


def _read(name: str, *, html: bool) -> str:
    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return decode_text(data, None, html=html)


def _print(digest: Digest) -> None:
    """For people: the article on standard output, what to be careful about on standard error."""
    if digest.summary is not None:
        if digest.title:
            print(f"{digest.title}\n")
        print(f"SUMMARY ({digest.summary.method})\n\n{digest.summary.text}\n")
    if digest.translation is not None:
        if digest.summary is not None:
            print(f"TRANSLATION ({digest.translation.model or 'unchanged'})\n")
        print(digest.translation.text.rstrip("\n"))
    sys.stdout.flush()
    counted = Counter((caveat.code, caveat.message) for caveat in digest.caveats)
    for (code, message), count in counted.items():
        times = f" ({count} times)" if count > 1 else ""
        print(f"warning: {code}{times}: {message}", file=sys.stderr)
