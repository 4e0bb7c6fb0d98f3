"""Files through the real pipeline, with an engine that writes capitals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from service.documents.translation import TranslatedDocument, translate_document
from service.opening import open_pipeline
from service.settings import Settings
from tests.integration.conftest import stub_models

Translate = Callable[..., TranslatedDocument]


@pytest.fixture(scope="session")
def translate() -> Translate:
    def translate(
        content: bytes | str, name: str, *, decode: Callable[[str], str] | None = None, source: str = "de"
    ) -> TranslatedDocument:
        sent = content.encode() if isinstance(content, str) else content

        async def run() -> TranslatedDocument:
            async with open_pipeline(Settings(), models=stub_models(decode=decode)) as pipeline:
                work = translate_document(pipeline, sent, name, source=source, target="en")
                return await asyncio.wait_for(work, 30)

        return asyncio.run(run())

    return translate
