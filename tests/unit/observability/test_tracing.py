"""What a span says of an answer."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from service.observability.tracing import record_answer


@pytest.mark.parametrize(("status", "failed"), [(200, False), (422, False), (503, True)])
def test_only_a_failure_of_the_service_marks_its_span(status: int, failed: bool) -> None:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("POST")
    assert isinstance(span, ReadableSpan)
    record_answer(span, "POST", "/v1/digest", status)
    assert span.name == "POST /v1/digest"
    assert (not span.status.is_unset) is failed
