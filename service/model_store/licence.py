"""Licences that ask for a decision before first use."""

from __future__ import annotations

from collections.abc import Collection

from service.errors import LicenceNotAcknowledged
from service.model_store.config import ModelConfig

SETTING = "KURZFASSUNG_ACKNOWLEDGED_LICENCES"


def acknowledged_models(setting: str) -> frozenset[str]:
    """The model names in a comma-separated setting."""
    return frozenset(name.strip() for name in setting.split(",") if name.strip())


def require_licence(config: ModelConfig, acknowledged: Collection[str]) -> None:
    """Raises `LicenceNotAcknowledged` for a restricted licence that nobody has accepted here."""
    licence = config.licence
    if not licence.restricted or config.name in acknowledged:
        return
    named = licence.name or "a licence that nobody has read for this project"
    where = f" Read it at {licence.url}." if licence.url else ""
    setting = ",".join((*sorted(acknowledged), config.name))
    raise LicenceNotAcknowledged(
        f"{config.name} is under {named}, which restricts its use. {licence.notice}{where} "
        f"If you accept it, set {SETTING}={setting}"
    )
