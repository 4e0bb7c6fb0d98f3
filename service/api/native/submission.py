"""`Prefer: respond-async`: a request is taken in as a job and answered later."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from service.api.credentials import charge, owner, refund, require_scope
from service.api.native.job_wire import JobOut
from service.api.native.work import Work, load_work
from service.api.state import ServiceState
from service.batching.ticket import Ticket, holding
from service.errors import IdempotencyKeyReused, MalformedBody, NotOffered
from service.jobs.beside import beside
from service.jobs.job import Claim, Job, NewJob, Outcome
from service.jobs.runner import Perform, Progress
from service.pipeline.article import ArticlePipeline

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")

SECONDS_TO_WAIT = 1
"""Before it is worth asking again; told in Retry-After."""

HEADERS: list[dict[str, Any]] = [
    {"name": name, "in": "header", "schema": schema, "description": description}
    for name, schema, description in (
        (
            "Prefer",
            {"type": "string", "examples": ["respond-async"]},
            "`wait=30`: seconds after which the answer is of no use. `respond-async`: answer at once with a "
            "job, whose result is asked for later.",
        ),
        (
            "Idempotency-Key",
            {"type": "string", "maxLength": 255, "examples": ["article-7"]},
            "Of a job: the same key with the same request again gives the same job.",
        ),
        (
            "Webhook-URL",
            {"type": "string", "examples": ["https://hooks.example.com/done"]},
            "Of a job: who is told when it has ended.",
        ),
    )
]
"""In OpenAPI, of the routes that make jobs."""

ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "With `Prefer: respond-async`: taken in as a job",
        "model": JobOut,
        "headers": {
            "Location": {"description": "Of the job, relative", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds until it is worth asking", "schema": {"type": "integer"}},
        },
    }
}


def wants_async(request: Request) -> bool:
    """RFC 7240; other preferences are left to others."""
    preferences = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return any(each.partition(";")[0].strip() == "respond-async" for each in preferences)


async def submit(
    request: Request, state: ServiceState, pipeline: ArticlePipeline, work: Work
) -> JSONResponse:
    """Whatever can be refused is refused now. Raises `InvalidInput`, `Unavailable` and their kin."""
    require_scope(request, "jobs")
    key, url = request.headers.get("idempotency-key"), request.headers.get("webhook-url")
    if key is not None and not _KEY.fullmatch(key):
        raise MalformedBody("Idempotency-Key: expected at most 255 printable ASCII characters.")
    if "text/event-stream" in request.headers.get("accept", ""):
        raise NotOffered(
            "A job is not streamed: ask with `Prefer: respond-async` or for `text/event-stream`."
        )
    if url is not None:
        state.jobs.hosts.target(url)
    new = NewJob(
        owner=owner(request),
        kind=work.kind,
        request=await work.dump(),
        sent=None if work.stored is None else work.sent(),
        total=0,
        characters=work.characters,
        idempotency_key=key,
        webhook_url=url,
    )
    job = await beside(state.jobs.store.known, new)
    if job is None:  # whoever repeats a request pays once
        job = await _taken_in(request, state, replace(new, total=await work.segments(pipeline)))
    headers = {"Location": f"jobs/{job.id}", "Preference-Applied": "respond-async", **waiting(job)}
    return JSONResponse(JobOut.of(job).model_dump(), status_code=202, headers=headers)


async def _taken_in(request: Request, state: ServiceState, new: NewJob) -> Job:
    await charge(request, new.characters)
    try:
        job, is_new = await beside(state.jobs.store.submit, new)
    except IdempotencyKeyReused:  # of another request that came at the same moment
        await refund(request)
        raise
    if not is_new:  # it came twice at the same moment
        await refund(request)
    state.jobs.wake()
    return job


def waiting(job: Job) -> dict[str, str]:
    """Headers for whoever asks again."""
    return {} if job.has_ended else {"Retry-After": str(SECONDS_TO_WAIT)}


def performer(state: ServiceState) -> Perform:
    """What a `JobRunner` does its jobs with: the answer is, byte for byte, that of the same request."""

    async def perform(claim: Claim, request: bytes, progress: Progress) -> Outcome:
        work = await load_work(claim.kind, request, state.limits, state.glossaries.of(claim.owner))
        decoded = 0

        def watcher() -> None:
            nonlocal decoded
            decoded += 1
            progress(decoded)

        ticket = Ticket(claim.owner, watcher=watcher)  # takes turns with its owner's other requests
        try:
            with holding(ticket):
                made = await work.answer(state.pipeline)
        finally:
            ticket.over = True
        for each in made:
            state.count(each)
        return Outcome(bytes((await work.response(made)).body))

    return perform
