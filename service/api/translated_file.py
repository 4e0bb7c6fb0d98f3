"""A translated file as an answer, and what is said of it, in whatever dialect."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from service.documents.formats import FORMATS
from service.documents.translation import Remark


class RemarkOut(BaseModel):
    """`code` is stable. `parts` are the paragraphs, cues or units it is about, counted from 1; none where
    it is about the whole file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "number_doubtful", "message": "A number differs from the source.", "parts": [3]}
            ]
        }
    )

    code: str
    message: str
    parts: list[int]

    @classmethod
    def of(cls, remark: Remark) -> RemarkOut:
        return cls(code=remark.code, message=remark.message, parts=list(remark.parts))


def file_answer(content: bytes, extension: str, headers: dict[str, str] | None = None) -> Response:
    """To be saved: a page that somebody sent must not run on our origin."""
    return Response(
        content,
        media_type=FORMATS[extension].media_type,
        headers={
            "Content-Disposition": f'attachment; filename="translated{extension}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


FILE_RESPONSE: dict[int | str, dict[str, object]] = {
    200: {
        "description": "The file, to be saved",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}, "example": "GOOD DAY."}
            for kind in sorted({each.media_type for each in FORMATS.values()})
        },
    }
}
