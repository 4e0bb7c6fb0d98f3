"""Jobs asked for, listed, fetched and deleted. A job belongs to the caller whose key it came with; without
keys everybody is the same caller, and whoever knows a job's id may read and delete it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service.api.credentials import owner
from service.api.native import job_wire, wire
from service.api.native.submission import SECONDS_TO_WAIT, waiting
from service.api.problem import JOB_NOT_DONE, JOB_NOT_FOUND, JOBS_NOT_LISTED, PROBLEM_RESPONSES
from service.api.state import ServiceState, service_state
from service.errors import JobNotDone, JobsNotListed
from service.jobs.beside import beside
from service.jobs.job import Job, Status

router = APIRouter(prefix="/v1/jobs", responses=PROBLEM_RESPONSES)

State = Annotated[ServiceState, Depends(service_state)]
Identity = Annotated[str, Path(pattern=job_wire.JOB_ID)]


_ANSWERS = [
    {"$ref": f"#/components/schemas/{answer.__name__}"}
    for answer in (wire.DigestOut, wire.TranslateOut, wire.SummarizeOut)
]
_EXAMPLE = wire.dumped(wire.example_of(wire.DigestOut))


@router.get(
    "",
    response_model=job_wire.JobsOut,
    responses={**JOBS_NOT_LISTED, **JOB_NOT_FOUND},
    summary="The caller's jobs, the newest first",
)
async def every(
    request: Request,
    state: State,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(pattern=job_wire.JOB_ID, description="go on behind this job")] = None,
    status: Annotated[Status | None, Query()] = None,
) -> job_wire.JobsOut:
    caller = owner(request)
    if not caller:
        raise JobsNotListed(
            "Without a key everybody is the same caller, so jobs are reached by their ids only; the operator "
            "lists them with `kurzfassung jobs list`."
        )
    found = await beside(state.jobs.store.list, caller, limit=limit + 1, after=after, status=status)
    shown = found[:limit]
    more = f"jobs?limit={limit}&after={shown[-1].id}" if len(found) > limit else None
    if more and status:
        more += f"&status={status}"
    return job_wire.JobsOut(jobs=[job_wire.JobOut.of(job) for job in shown], next_url=more)


@router.get(
    "/{identity}", response_model=job_wire.JobOut, responses=JOB_NOT_FOUND, summary="How far a job is"
)
async def one(identity: Identity, request: Request, state: State, response: Response) -> job_wire.JobOut:
    job = await beside(state.jobs.store.get, identity, owner(request))
    response.headers.update(waiting(job))
    return job_wire.JobOut.of(job, base="")


@router.get(
    "/{identity}/result",
    responses={
        **JOB_NOT_FOUND,
        **JOB_NOT_DONE,
        200: {
            "description": "What the same request would have been answered without `Prefer: respond-async`",
            "content": {"application/json": {"schema": {"oneOf": _ANSWERS}, "example": _EXAMPLE}},
        },
    },
    response_class=Response,
    summary="The answer of a job that is done",
)
async def result(identity: Identity, request: Request, state: State) -> Response:
    job, body = await beside(state.jobs.store.result, identity, owner(request))
    if body is None:
        raise _without_result(job)
    return Response(body, media_type="application/json")


@router.delete(
    "/{identity}",
    status_code=204,
    responses=JOB_NOT_FOUND,
    summary="Cancel a job, or forget one that has ended",
)
async def delete(identity: Identity, request: Request, state: State) -> Response:
    """Text and result are deleted at once. A job that had not ended is `cancelled` from then on; one that had
    is not there any more."""
    await beside(state.jobs.store.remove, identity, owner(request))
    state.jobs.cancel(identity)
    return Response(status_code=204)


def _without_result(job: Job) -> JobNotDone:
    if job.status == "failed":
        return JobNotDone(f"The job failed ({job.error_code}): {job.error_detail}")
    if job.status == "cancelled":
        return JobNotDone("The job was cancelled.")
    return JobNotDone(
        f"The job is not done yet: {job.done} of {job.total} segments.", retry_after=SECONDS_TO_WAIT
    )
