"""Which languages and models there are, and what one request may ask of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends

from service.api.native.catalogue_wire import (
    LanguagesOut,
    LicenceOut,
    LimitsOut,
    ModelOut,
    ModelsOut,
    SourceLanguageOut,
)
from service.api.openapi_errors import LOADED, may_raise
from service.api.state import ServiceState, service_state
from service.text.language_names import language_name

router = APIRouter(prefix="/v1")

State = Annotated[ServiceState, Depends(service_state)]


@router.get(
    "/languages",
    response_model=LanguagesOut,
    openapi_extra=may_raise(*LOADED),
    summary="What can be translated into what",
)
async def languages(state: State) -> LanguagesOut:
    models = state.pipeline.models
    return LanguagesOut(
        languages=[
            SourceLanguageOut(
                code=code,
                name=language_name(code),
                targets=sorted(targets),
                pivoted=sorted(target for target in targets if models.route(code, target).pivoted),
            )
            for code, targets in sorted(models.pairs.items())
        ]
    )


@router.get(
    "/models",
    response_model=ModelsOut,
    openapi_extra=may_raise(*LOADED),
    summary="Models, devices, licences and limits",
)
async def models(state: State) -> ModelsOut:
    loaded = state.pipeline.models
    return ModelsOut(
        profile=loaded.profile,
        models=[
            ModelOut(
                name=model.name,
                task=model.config.task,
                revision=model.revision,
                engine=model.config.engine,
                device=model.backend.device,
                source_languages=list(model.config.source_languages),
                target_languages=list(model.config.target_languages),
                licence=LicenceOut(
                    name=model.config.licence.name,
                    verified=model.config.licence.verified,
                    restricted=model.config.licence.restricted,
                    notice=model.config.licence.notice,
                ),
                demonstration=model.config.demonstration,
                segment_tokens=model.config.limits.segment_tokens,
                batches_at_once=model.backend.batching.at_once,
                batch_tokens=model.backend.batching.tokens,
            )
            for model in loaded.loaded
        ],
        limits=LimitsOut(**asdict(state.limits)),
    )
