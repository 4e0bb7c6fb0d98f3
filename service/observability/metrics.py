"""Every metric the service publishes. Labels are route templates, methods, status classes, model
names and our own codes: never text, keys or addresses."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """A registry of its own, so that two services in one process do not share numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "kurzfassung_requests",
            "Answered requests",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "kurzfassung_request_seconds",
            "Time from the request's first byte to the answer's last",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "kurzfassung_requests_in_flight", "Requests being answered", registry=self.registry
        )
        self.characters = Counter(
            "kurzfassung_source_characters", "Characters of source text worked on", registry=self.registry
        )
        self.caveats = Counter(
            "kurzfassung_warnings", "Warnings given in answers", ["code"], registry=self.registry
        )
        self.coalesced = Counter(
            "kurzfassung_coalesced_requests",
            "Requests that joined the same one, asked before",
            registry=self.registry,
        )
        self.refused = Counter(
            "kurzfassung_refused_requests",
            "Requests not let in: by key, scope, rate or number at once",
            ["code"],
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            "kurzfassung_batch_seconds",
            "Time the engine took for a batch",
            ["model"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_segments = Histogram(
            "kurzfassung_batch_segments",
            "Segments in a batch",
            ["model"],
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        self.batch_failures = Counter(
            "kurzfassung_batch_failures", "Batches the engine failed on", ["model"], registry=self.registry
        )
        self.segments = Counter(
            "kurzfassung_segments",
            "Segments asked for: decoded, joined (the same was under way) or cached",
            ["way"],
            registry=self.registry,
        )
        self.cache_bytes = Gauge(
            "kurzfassung_cache_bytes", "What the segment cache holds", registry=self.registry
        )
        self.batch_tokens = Counter(
            "kurzfassung_batch_tokens", "Source tokens in batches", ["model"], registry=self.registry
        )
        self.queue_tokens = Gauge(
            "kurzfassung_queue_tokens", "Source tokens waiting for the engine", registry=self.registry
        )
        self.queue_capacity_tokens = Gauge(
            "kurzfassung_queue_capacity_tokens",
            "Source tokens that may wait; beyond them requests are refused",
            registry=self.registry,
        )
        self.jobs = Gauge("kurzfassung_jobs", "Jobs that wait or run", ["status"], registry=self.registry)
        self.jobs_ended = Counter(
            "kurzfassung_jobs_ended", "Jobs that ended in this process", ["status"], registry=self.registry
        )
        self.webhooks = Counter(
            "kurzfassung_webhook_attempts",
            "Attempts to deliver a webhook: delivered, retried or given_up",
            ["outcome"],
            registry=self.registry,
        )
        self.ready = Gauge("kurzfassung_ready", "1 when the service answers", registry=self.registry)

    def observe_segment(self, way: str) -> None:
        self.segments.labels(way).inc()

    def observe_batch(self, *, model: str, segments: int, tokens: int, seconds: float, failed: bool) -> None:
        self.batch_seconds.labels(model).observe(seconds)
        self.batch_segments.labels(model).observe(segments)
        self.batch_tokens.labels(model).inc(tokens)
        # From the first batch on there is a zero: a rate needs a value before the first failure.
        self.batch_failures.labels(model).inc(int(failed))

    def render(self) -> bytes:
        return generate_latest(self.registry)
