"""The figures as Prometheus reads them: the one door to prometheus_client. No label is an id, a name or a text.

Who may read them: docs/decisions/0063. What each means and when to be woken by it: docs/howto/operations.md.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from api.services.health import Health, Standing
from api.services.operations import EngineFigures, Figures, RowFigures
from api.uploads import Uploads

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_MOST_FIGURES = 100  # of one round; they come from code, this is only against a bug that makes up names
disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, telling when it was first seen: nobody asks


class Metrics:
    """Counts requests as they pass and turns the figures of one moment into text."""

    def __init__(self) -> None:
        self._passing = CollectorRegistry()
        self._requests = Counter(
            "vanthu_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._passing,
        )
        self._seconds = Histogram(
            "vanthu_http_request_seconds",
            "Seconds from the head of a request to the end of its answer (of an event stream: to its beginning).",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._passing,
        )
        ProcessCollector(registry=self._passing)

    def passed(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template of its address, never the address."""
        method = method if method in _METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, figures: Figures, health: Health, uploads: Uploads) -> bytes:
        """Return everything in the text format."""
        moment = CollectorRegistry()
        moment.register(_Moment(figures, health, uploads))
        return generate_latest(self._passing) + generate_latest(moment)


class _Moment(Collector):
    """The figures of one scrape. What did not answer is left out: a gap in the curve, not a zero."""

    def __init__(self, figures: Figures, health: Health, uploads: Uploads) -> None:
        self._figures = figures
        self._health = health
        self._uploads = uploads

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield _labelled(
            "vanthu_part_up",
            "1 when the part of the house is well (see /health/ready).",
            ("part",),
            (((name,), standing is Standing.WELL) for name, standing in self._health.parts.items()),
        )
        yield _one("vanthu_ready", "1 when people can be served.", self._health.serves)
        yield _one("vanthu_uploads_running", "Bodies of files being taken in now.", self._uploads.running)
        taken = CounterMetricFamily("vanthu_upload_bytes", "Bytes of files taken in since the start.")
        taken.add_metric([], self._uploads.bytes_taken)
        yield taken
        if self._figures.engine is not None:
            yield from _of_engine(self._figures.engine)
        if self._figures.rows is not None:
            yield from _of_rows(self._figures, self._figures.rows)


def _of_engine(engine: EngineFigures) -> Iterator[Metric]:
    yield _labelled(
        "vanthu_queue_jobs",
        "Jobs by queue and state (waiting, running, failed).",
        ("queue", "state"),
        (((count.queue, count.state), count.count) for count in engine.queues),
    )
    yield _labelled(
        "vanthu_queue_oldest_waiting_seconds",
        "Age of the oldest job that waits in the queue.",
        ("queue",),
        (((count.queue,), count.oldest_seconds) for count in engine.queues if count.state == "waiting"),
    )
    alive = sum(worker.left_seconds > 0 for worker in engine.workers)
    yield _labelled(
        "vanthu_workers",
        "Worker processes heard of lately, by whether their lease still holds.",
        ("state",),
        ((("alive",), alive), (("silent",), len(engine.workers) - alive)),
    )
    yield _one(
        "vanthu_dead_letters", "Things given up that wait for a person (at most 200).", len(engine.dead)
    )


def _of_rows(figures: Figures, rows: RowFigures) -> Iterator[Metric]:
    def age(oldest: object) -> float:
        return 0.0 if oldest is None else max(0.0, (figures.at - oldest).total_seconds())  # type: ignore[operator]

    yield _one("vanthu_outbox_waiting", "Things still to be done outside the rows.", rows.backlog.waiting)
    yield _one("vanthu_outbox_failing", "Those of them that failed before.", rows.backlog.failing)
    yield _one("vanthu_outbox_oldest_seconds", "Age of the oldest of them.", age(rows.backlog.oldest))
    yield _one("vanthu_index_lag_documents", "Documents the index does not know yet.", rows.index.waiting)
    yield _one("vanthu_index_lag_seconds", "Age of the oldest of them.", age(rows.index.oldest))
    yield _one("vanthu_objects_bad", "Objects that a store does not hold as it should.", rows.bad)
    yield _one("vanthu_objects_lost", "Objects that no store holds as it should.", rows.lost)
    events = CounterMetricFamily("vanthu_audit_events", "Events in the audit log.")
    events.add_metric([], rows.audit_events)
    yield events
    yield _one(
        "vanthu_audit_heads_unpushed",
        "Signed heads of the audit log that the second store does not hold yet.",
        rows.unpushed_heads,
    )
    yield _labelled(
        "vanthu_round_figure",
        "What the present or last round counted (objects looked at, drift, repairs …).",
        ("round", "figure"),
        (
            ((each.name, figure), value)
            for each in rows.rounds
            for figure, value in sorted(each.counts.items())[:_MOST_FIGURES]
        ),
    )
    yield _labelled(
        "vanthu_round_progress_seconds",
        "Seconds since the round got on, 0 when it is finished.",
        ("round",),
        (((each.name,), 0.0 if each.finished_at else age(each.progress_at)) for each in rows.rounds),
    )
    yield _labelled(
        "vanthu_round_alarm",
        "1 when the round is an alarm: stuck, or something is lost.",
        ("round",),
        (((each.name,), bool(each.alarm)) for each in rows.rounds),
    )


def _one(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))


def _labelled(
    name: str, told: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, told, labels=labels)
    for at, value in values:
        family.add_metric(at, float(value))
    return family
