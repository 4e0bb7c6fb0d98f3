"""What DeepL's routes read of every request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from service.api.problem import request_id
from service.api.state import ServiceState, service_state
from service.errors import GlossaryInvalid, StoreUnavailable, UnsupportedLanguage

EXAMPLE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"

UUID = r"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$"

State = Annotated[ServiceState, Depends(service_state)]
GlossaryId = Annotated[str, Path(pattern=UUID, examples=[EXAMPLE_ID])]


MADE = (GlossaryInvalid, UnsupportedLanguage, StoreUnavailable)
"""What making a dictionary may raise."""


async def trace(request: Request, response: Response) -> None:
    """Every answer of DeepL's has it."""
    response.headers["X-Trace-ID"] = request_id(request)
