"""Jobs asked for, listed, fetched and deleted. A job belongs to the caller whose key it came with; without
keys everybody is the same caller, and whoever knows a job's id may read and delete it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from service.api.credentials import owner
from service.api.native import answer_wire, job_wire
from service.api.native.submission import SECONDS_TO_WAIT, waiting
from service.api.openapi_errors import may_raise
from service.api.state import ServiceState, service_state
from service.errors import JobNotDone, JobNotFound, JobsNotListed
from service.jobs.beside import beside
from service.jobs.job import Job, Status

router = APIRouter(prefix="/v1/jobs")

_ANSWERS = [
    {"$ref": f"#/components/schemas/{model.__name__}"}
    for model in (answer_wire.DigestOut, answer_wire.TranslateOut, answer_wire.SummarizeOut)
]

State = Annotated[ServiceState, Depends(service_state)]
Identity = Annotated[str, Path(pattern=job_wire.JOB_ID, examples=[job_wire.EXAMPLE_ID])]


@router.get(
    "",
    response_model=job_wire.JobsOut,
    openapi_extra=may_raise(JobsNotListed, JobNotFound),
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
    "/{identity}",
    response_model=job_wire.JobOut,
    openapi_extra=may_raise(JobNotFound),
    summary="How far a job is",
)
async def one(identity: Identity, request: Request, state: State, response: Response) -> job_wire.JobOut:
    job = await beside(state.jobs.store.get, identity, owner(request))
    response.headers.update(waiting(job))
    return job_wire.JobOut.of(job, base="")


@router.get(
    "/{identity}/result",
    openapi_extra=may_raise(JobNotFound, JobNotDone),
    responses={
        200: {
            "description": "What the same request would have been answered without `Prefer: respond-async`",
            "content": {"application/json": {"schema": {"anyOf": _ANSWERS}}},
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
    openapi_extra=may_raise(JobNotFound),
    summary="Cancel a job, or forget one that has ended",
)
async def delete(identity: Identity, request: Request, state: State) -> Response:
    """Text and result are deleted at once. A job that had not ended is `cancelled` from then on; one that had
    is not there any more."""
    await state.jobs.remove(identity, owner(request))
    return Response(status_code=204)


def answers() -> list[type[BaseModel]]:
    """Whose examples hold nulls, which FastAPI would leave out of the OpenAPI document."""
    return [job_wire.JobOut, job_wire.JobsOut]


def _without_result(job: Job) -> JobNotDone:
    if job.status == "failed":
        return JobNotDone(f"The job failed ({job.error_code}): {job.error_detail}")
    if job.status == "cancelled":
        return JobNotDone("The job was cancelled.")
    return JobNotDone(
        f"The job is not done yet: {job.done} of {job.total} segments.", retry_after=SECONDS_TO_WAIT
    )
