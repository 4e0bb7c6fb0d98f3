"""Spans in OpenTelemetry's terms: one for each request and one for each of its stages. Attributes are
routes, methods, statuses and counts: never text, keys, paths, queries or addresses.

Only OpenTelemetry's API is always there, and without the extra `otel` or its variables spans cost next to
nothing and go nowhere. The trace of a caller that sends `traceparent` is continued all the same, so that the
`trace_id` in our log is the one that the caller knows. https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from opentelemetry import context, trace
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    format_trace_id,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.errors import SettingInvalid

Exporter = Literal["otlp", "console"]

_tracer = trace.get_tracer("kurzfassung")
_propagator = TraceContextTextMapPropagator()


def export_spans(exporter: Exporter, version: str) -> Callable[[], None]:
    """Let this process export its spans, as the `OTEL_*` variables say; call what is returned before it ends.
    Raises `SettingInvalid` where the extra is missing."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    except ImportError:
        raise SettingInvalid(
            "OTEL_* variables ask for traces, but OpenTelemetry's SDK is not installed: "
            "pip install 'kurzfassung[otel]'"
        ) from None
    ours = Resource({"service.name": "kurzfassung", "service.version": version})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    to = OTLPSpanExporter() if exporter == "otlp" else ConsoleSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(to))
    trace.set_tracer_provider(provider)
    return provider.shutdown


@contextmanager
def server_span(method: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """The span of a request, current inside; of the trace in the caller's headers or of a new one."""
    span = _tracer.start_span(
        method,
        context=_propagator.extract(headers),
        kind=SpanKind.SERVER,
        attributes={"http.request.method": method},
    )
    if not span.get_span_context().is_valid:
        span = NonRecordingSpan(_new_context())
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield span


def trace_id(span: Span) -> str:
    """32 hexadecimal digits, as the log has them."""
    return format_trace_id(span.get_span_context().trace_id)


def record_answer(span: Span, method: str, route: str, status: int) -> None:
    """What is known of a request only at its end."""
    if not span.is_recording():
        return
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(StatusCode.ERROR)


class StageSpans:
    """Children of the span that was current when this was made; the stages themselves may run in the steps
    of a generator, where no span can stay current."""

    def __init__(self) -> None:
        self._parent = context.get_current()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        span = _tracer.start_span(name, context=self._parent)
        try:
            yield
        finally:
            span.end()


def _new_context() -> SpanContext:
    return SpanContext(
        trace_id=secrets.randbits(128) or 1,
        span_id=secrets.randbits(64) or 1,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.DEFAULT),
    )
