"""The one door to OpenTelemetry: spans go to a collector when the environment names one, else nothing is loaded."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from records.trace import Attribute, Span, Tracer, use_tracer

if TYPE_CHECKING:
    from opentelemetry import trace as otel

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FLUSH_MILLISECONDS = 3000


def start_telemetry(service: str, version: str) -> Callable[[], None]:
    """Send spans to the collector named by `OTEL_EXPORTER_OTLP_ENDPOINT`; return the function that ends it.

    The other `OTEL_…` variables (headers, sampler, service name) are read by the library itself. A collector that is
    away costs a warning in the log and never a request.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED") == "true":
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = os.environ.get("OTEL_SERVICE_NAME", service)
    provider = TracerProvider(resource=Resource.create({"service.name": named, "service.version": version}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use_tracer(_tracer(provider.get_tracer(service, version)))

    def end() -> None:
        use_tracer(None)
        provider.force_flush(_FLUSH_MILLISECONDS)
        provider.shutdown()

    return end


def _tracer(ours: "otel.Tracer") -> Tracer:
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind, StatusCode

    @contextmanager
    def begin(
        name: str, attributes: Mapping[str, Attribute], carrier: Mapping[str, str] | None
    ) -> Iterator[Span]:
        asked = carrier is not None
        with (
            ours.start_as_current_span(
                name,
                context=extract(carrier) if carrier is not None else None,
                kind=SpanKind.SERVER if asked else SpanKind.INTERNAL,
                attributes=dict(attributes),
                record_exception=False,  # a message may quote what it choked on: the type leaves the house, no more
                set_status_on_exception=False,
            ) as under_way
        ):
            try:
                yield _Noted(under_way)
            except BaseException as fault:
                under_way.set_status(StatusCode.ERROR, type(fault).__name__)
                raise

    return begin


class _Noted:
    def __init__(self, under_way: "otel.Span") -> None:
        self._under_way = under_way

    def note(self, name: str, value: Attribute) -> None:
        self._under_way.set_attribute(name, value)
