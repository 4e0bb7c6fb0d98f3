"""Jobs on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.jobs.job import Job, Kind, Status, WebhookStatus

JOB_ID = r"^[0-9a-f]{32}$"

EXAMPLE_ID = "0f8fad5bd9cb469fa16570867728950e"
_WAITING: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "kind": "digest",
    "status": "running",
    "created": "2026-11-25T22:00:00.000+00:00",
    "started": "2026-11-25T22:00:00.200+00:00",
    "finished": None,
    "expires": None,
    "progress": {"done": 12, "total": 40},
    "characters": 5200,
    "error": None,
    "webhook": None,
    "status_url": f"jobs/{EXAMPLE_ID}",
    "result_url": None,
}


class ProgressOut(BaseModel):
    """In segments, which are sentences or parts of long ones."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"done": 12, "total": 40}]})

    done: int
    total: int


class JobErrorOut(BaseModel):
    """Why it failed; `code` is one of those of a Problem."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "generation_failed", "detail": "The model failed on a segment of this text."}
            ]
        }
    )

    code: str
    detail: str


class JobWebhookOut(BaseModel):
    """`waiting` until the job has ended, `pending` until it is delivered, `failed` when it was given up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "delivered", "attempts": 1}]})

    status: WebhookStatus
    attempts: int


class JobOut(BaseModel):
    """Both URLs are relative to the one this came from, so that they hold under any prefix; `result_url` is
    null until the job is done. When it `expires`, the job and its result are forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WAITING]})

    id: str
    kind: Kind
    status: Status
    created: str
    started: str | None
    finished: str | None
    expires: str | None
    progress: ProgressOut
    characters: int
    error: JobErrorOut | None
    webhook: JobWebhookOut | None
    status_url: str
    result_url: str | None

    @classmethod
    def of(cls, job: Job, *, base: str = "jobs/") -> JobOut:
        """`base` leads from the URL asked to that of all jobs."""
        status_url = base + job.id
        return cls(
            id=job.id,
            kind=job.kind,
            status=job.status,
            created=_time(job.created) or "",
            started=_time(job.started),
            finished=_time(job.finished),
            expires=_time(job.expires),
            progress=ProgressOut(done=job.done, total=job.total),
            characters=job.characters,
            error=JobErrorOut(code=job.error_code, detail=job.error_detail or "") if job.error_code else None,
            webhook=JobWebhookOut(status=job.webhook, attempts=job.webhook_attempts) if job.webhook else None,
            status_url=status_url,
            result_url=f"{status_url}/result" if job.status == "done" else None,
        )


class JobsOut(BaseModel):
    """The newest first; `next_url`, relative to the one this came from, has the older ones, null where there
    are none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"jobs": [_WAITING], "next_url": None}]})

    jobs: list[JobOut]
    next_url: str | None


def _time(seconds: float | None) -> str | None:
    return (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    )
