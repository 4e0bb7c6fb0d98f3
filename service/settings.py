"""Every environment setting, one line and one explanation each."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.errors import SettingInvalid

_PREFIX = "KURZFASSUNG_"
_SERVICE_LINK = re.compile(r"KURZFASSUNG_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_\w+)")
"""What Kubernetes sets in every pod beside a Service of our name."""


class Settings(BaseSettings):
    """Read once at start-up from `KURZFASSUNG_*`; nothing changes afterwards."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    """Address to listen on. The default is reachable from this machine only."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on; 0 lets the system choose."""

    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """The prefix, like `/kurzfassung`, under which a proxy passes requests on without taking it off. A
    proxy that takes it off needs no setting here; every link is relative. It routes and grants nothing."""

    profile: str = "auto"
    """Which models to serve: a name from `model_configs/profiles.toml`. `auto` takes the best one
    whose models are on this disk."""

    model_configs: Path | None = None
    """A folder of model configurations to use instead of the bundled one."""

    models_dir: Path = Path.home() / ".local" / "share" / "kurzfassung" / "models"
    """Where fetched and converted models live."""

    data_dir: Path = Path.home() / ".local" / "share" / "kurzfassung" / "data"
    """Where glossaries (`glossaries.sqlite`), keys (`keys.sqlite`) and jobs (`jobs.sqlite`) are kept, if not
    in a database. Made when the first one is stored."""

    database_url: Annotated[str, Field(pattern=r"^(postgres(ql)?://\S+)?$", repr=False)] = ""
    """`postgresql://USER:PASSWORD@HOST/DATABASE`: jobs, glossaries and keys are kept there instead, so that
    several machines share them (extra `postgres`). Files of glossaries and keys are moved there."""

    store_key: Annotated[str, Field(repr=False)] = ""
    """Encrypts the texts of jobs on the disk (extra `encryption`): a Fernet key. Of several, with commas, the
    first encrypts and all decrypt."""

    store_key_file: Path | None = None
    """A file that holds what `KURZFASSUNG_STORE_KEY` would, so that it is in no environment."""

    job_workers: Annotated[int, Field(ge=0, le=64)] = 2
    """Jobs this process works on at once, beside the requests it answers; 0: it only takes them in."""

    job_queue: Annotated[int, Field(gt=0)] = 10_000
    """Jobs that may wait or run; beyond it they are refused with 503."""

    job_hours: Annotated[float, Field(gt=0, le=24 * 365, allow_inf_nan=False)] = 24.0
    """How long a job and its result are kept after its end. Its text is deleted at its end."""

    job_lease_seconds: Annotated[float, Field(ge=1, le=3600, allow_inf_nan=False)] = 30.0
    """After this long without a sign of the process that works on it, a job is taken over by another."""

    webhook_hosts: str = ""
    """Hosts that may be told when a job has ended, with commas: `hooks.example.com`, `http://intern:8080`,
    and networks such as `10.0.0.0/8`, without which no private address is reached. Empty: none."""

    webhook_secret: Annotated[str, Field(repr=False)] = ""
    """Signs webhooks: `whsec_` and base64, as in Standard Webhooks. Of several, with commas, each signs."""

    webhook_ca_file: Path | None = None
    """Certificates, in PEM, that webhooks trust besides those of public authorities."""

    webhook_retry_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 5.0
    """The wait before a webhook's first repetition; before each further one it is four times as long."""

    hub_endpoint: Annotated[str, Field(pattern=r"^https?://\S+$")] = "https://huggingface.co"
    """The model hub, or a mirror of it."""

    offline: bool = False
    """Never contact the hub; `models pull` then fails instead of downloading."""

    acknowledged_licences: str = ""
    """Comma-separated model names whose restricted licence you have read and accept."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run. `cuda` fails the start when there is no usable GPU."""

    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads for inference; 0 takes every core this process may use."""

    default_source_language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "de"
    """What a text too short to identify is taken for."""

    max_characters: Annotated[int, Field(gt=0)] = 500_000
    """The longest text accepted in one request, in characters."""

    max_body_bytes: Annotated[int, Field(gt=0)] = 2_000_000
    """The largest request body accepted, in bytes."""

    max_document_bytes: Annotated[int, Field(gt=0)] = 10_000_000
    """The largest file accepted for translation, in bytes; its text must keep to `max_characters`."""

    document_store_bytes: Annotated[int, Field(gt=0)] = 100_000_000
    """Room for files that wait to be translated or fetched, in the store of jobs, and as much again in memory
    for those that arrive or whose senders wait; half of it for one key and for one file. Beyond it new ones
    are refused with 503. Two files are taken apart at a time, which takes up to 200 MB of memory each
    besides."""

    document_minutes: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)] = 60.0
    """How long a file is kept for whoever sent it: until it is translated, and then until it is fetched."""

    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    """Where callers reach this service, like `https://host/kurzfassung`: for the one answer that must hold
    an absolute address, LibreTranslate's translated file. Without it the `X-Forwarded-Proto`, `-Host` and
    `-Prefix` of `trusted_proxies` are taken, and without those the address that was called."""

    max_texts: Annotated[int, Field(gt=0)] = 100
    """The longest list of texts accepted by `/v1/translate`."""

    request_seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 300.0
    """The longest a request may take. `X-Request-Timeout`, `Prefer: wait=` and Envoy's header ask for less;
    what is not ready then is not worked on any more, and the caller is told with 504."""

    body_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 60.0
    """How long a request's body may take to arrive; one that stalls is answered with 408."""

    queue_tokens: Annotated[int, Field(gt=0)] = 400_000
    """Source tokens that may wait for the engine; beyond it requests are refused with 503."""

    batch_tokens: Annotated[int, Field(gt=0)] | None = None
    """Padded source tokens (longest times count) that go to the engine together, if fewer than suit it:
    512 in CTranslate2 on a CPU, 4096 elsewhere."""

    batch_seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 600.0
    """An engine that takes so long for one batch hangs: `/readyz` turns red and requests get 503."""

    patience_seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60.0
    """An engine that hangs or fails so long on end is given up: the process ends with status 1, for its
    supervisor to start it anew."""

    cache_megabytes: Annotated[int, Field(ge=0)] = 0
    """Memory for segments decoded before; 0 keeps none. Leave it at 0 where callers must not learn what
    others translate: a segment that comes back at once was asked for before."""

    heartbeat_seconds: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 5.0
    """DeepL's clients give up after 10 s without a sign: they get a space this often until the answer is
    ready. Keep it well below the timeouts of the proxies in between."""

    accept_when_ready: bool = False
    """Refuse connections until the models are loaded, instead of answering `/livez` at once and everything
    else with 503. For proxies that do not ask `/readyz`: they then pass a request on to another replica."""

    drain_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 20.0
    """How long running requests may take to finish after SIGTERM."""

    auth: Literal["auto", "required", "off"] = "auto"
    """Who is let in. `auto`: everybody until the first key is made (`kurzfassung keys create`), from then on
    only who has one. `required`: only who has one, also before. `off`: everybody; a gateway decides."""

    open_routes: str = ""
    """Comma-separated: which of `metrics`, `docs` and `openapi` are answered without a key, where others need
    one. Always open are the probes, the lists of languages, `/frontend/settings` and the page at `/`."""

    caller_rate: Annotated[int, Field(ge=0)] = 0
    """Source characters a minute for each caller that has no key of ours: a gateway's consumer, or a client
    address (of IPv6 a /64). 0 is no limit. Those of keys are set with `kurzfassung keys create --rate`."""

    rate_minimum: Annotated[int, Field(gt=0)] = 100
    """What a request costs at least, in characters, however short its text is."""

    rate_headers: bool = True
    """Whether answers tell the rate with `RateLimit` and `RateLimit-Policy`. Off where a gateway sends its
    own."""

    redis_url: Annotated[str, Field(repr=False)] = ""
    """`redis://`, `rediss://` or `unix://`: several processes then share the rates (extra `redis`).
    Quotas are shared by those that share `data_dir` or `database_url`; requests at once are counted by each
    process for itself."""

    redis_down: Literal["open", "closed"] = "open"
    """While Redis cannot be reached: `open`, each process limits for itself; `closed`, requests that are
    limited get 503."""

    trusted_proxies: str = "127.0.0.0/8, ::1/128"
    """Comma-separated networks whose `X-Forwarded-For` is believed for the caller's address, whose
    `consumer_header` for its name, and whose other `X-Forwarded-*` for `public_url`. Nobody else's are."""

    trust_every_proxy: bool = False
    """Allows `*`, `0.0.0.0/0` and `::/0` in `trusted_proxies`: whoever reaches the port may then call himself
    what he likes. Only where nothing but the gateway can reach it."""

    consumer_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$")] = ""
    """The header in which an authenticating gateway names its consumer, like `X-Consumer-Username`. With it a
    request from `trusted_proxies` needs no key of ours and may do everything. The gateway must remove it from
    what it receives."""

    cors_origins: str = ""
    """Comma-separated origins, like `https://app.example`, whose pages may call this service from a browser;
    `*` for all. Empty: none but our own page. Cookies are never used."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged. Article text is never logged."""


def listed(written: str) -> list[str]:
    """The parts of a comma-separated setting."""
    return [part.strip() for part in written.split(",") if part.strip()]


def read_settings() -> Settings:
    """Raises `SettingInvalid` naming the environment variable and what is expected; also for one that
    begins like ours and is none, because a misspelt limit is no limit."""
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.startswith(_PREFIX) and variable not in known and not _SERVICE_LINK.fullmatch(variable):
            near = get_close_matches(variable, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; service/settings.py lists those there are"
            raise SettingInvalid(f"{variable}: there is no such setting{hint}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = _PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingInvalid(f"{variable}: {first['msg']}") from error


def trace_exporter() -> Literal["otlp", "console"] | None:
    """Where OpenTelemetry's own variables send traces, or None where they ask for none. The SDK reads the
    rest of them itself. Raises `SettingInvalid`."""
    endpoints = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    asked = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or asked == "none":
        return None
    if not asked and not any(os.environ.get(endpoint) for endpoint in endpoints):
        return None
    if asked == "console":
        return "console"
    if asked not in {"", "otlp"}:
        raise SettingInvalid("OTEL_TRACES_EXPORTER: otlp, console or none")
    for protocol in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if os.environ.get(protocol, "http/protobuf") != "http/protobuf":
            raise SettingInvalid(f"{protocol}: only http/protobuf is spoken")
    return "otlp"
