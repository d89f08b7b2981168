"""Spans: free while nobody asked, sent to the named collector when somebody did, and never with words in them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from boot.telemetry import start_telemetry
from records.trace import span


class Collector(ThreadingHTTPServer):
    """Takes what an OTLP exporter posts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.bodies: list[bytes] = []

    def spans(self) -> list[object]:
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += list(scope.spans)
        return found


class _Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_loaded_or_sent_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    end = start_telemetry("vanthu", "0")
    with span("read-page", document_id="d1") as under_way:
        under_way.note("words", 3)
    end()


def test_spans_reach_the_collector_with_ids_and_parents(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    end = start_telemetry("vanthu", "0")
    asked = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with span("GET /documents", carrier=asked) as outer, span("seal", document_id="d1"):
        outer.note("status", 200)
    with pytest.raises(ValueError, match="Nguyễn"), span("describe", document_id="d2"):
        raise ValueError("not a date: Nguyễn Văn A")
    end()
    spans = {s.name: s for s in collector.spans()}
    assert set(spans) == {"GET /documents", "seal", "describe"}
    assert spans["GET /documents"].trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert spans["seal"].parent_span_id == spans["GET /documents"].span_id
    assert [(a.key, a.value.string_value) for a in spans["seal"].attributes] == [("document_id", "d1")]
    assert spans["describe"].status.message == "ValueError"
    assert all("Nguyễn".encode() not in body for body in collector.bodies)
    with span("after the end"):
        pass
    assert len(collector.spans()) == 3


def test_a_collector_that_is_away_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    end = start_telemetry("vanthu", "0")
    with span("seal", document_id="d1"):
        pass
    end()
