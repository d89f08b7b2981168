"""What an operator sees and does: queues, dead letters, rounds, bad objects, figures, health; and who may."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.i18n import WEB
from api.pages.operations import by_queue, troubles
from api.services.health import Health, Standing, Watchman
from api.services.operations import EngineFigures, Figures, RowFigures
from api.tools import Limits
from boot.papers import key_endings
from records.clock import FixedClock, SystemClock
from records.errors import Away
from records.queues import QueueCount, WorkerSeen
from signing.certificates import Ending
from signing.demo_pki import create_demo_pki
from signing.keys import load_keys
from storage.blobs import open_blobs
from storage.objects import ObjectState, Side
from storage.outbox import Backlog
from storage.paired import PairedStore
from tests.unit.api.api_house import House
from tests.unit.api.api_queues import ListedQueues, letter

API = "/api/v1"
PATIENT = Limits(probe_seconds=60)  # whatever else this machine does now
HERE, ELSEWHERE = ("127.0.0.1", 50000), ("192.0.2.7", 50000)


@pytest.fixture
def busy(make_house: Callable[..., House]) -> House:
    """A house at work: queues, two workers of which one is silent, a dead letter, rounds, a bad object, a copy."""
    return at_work(make_house)


def at_work(make_house: Callable[..., House], limits: Limits | None = None) -> House:
    made = make_house(limits or PATIENT)
    queues = ListedQueues(made.tools.work)
    queues.queues += [
        QueueCount("pages", "waiting", 10412, 7260.0),
        QueueCount("pages", "running", 24, 9.0),
        QueueCount("sign", "waiting", 1, 0.4),
    ]
    queues.crew += [
        WorkerSeen("w1", "may-1", ("pages", "sign"), 21.0),
        WorkerSeen("w2", "may-2", ("pages",), -300.0),
    ]
    queues.letters.append(letter(7))
    blobs = PairedStore(
        made.tools.blobs, open_blobs(f"file://{made.tools.data_dir / 'copy'}"), lambda side, key, reason: None
    )
    with made.tools.work.begin() as tx:
        tx.passes.begin("fixity:first")
        tx.passes.progress("fixity:first", "k", {"objects": 48211, "damaged": 1})
        tx.passes.begin("reconcile:index")
        tx.passes.alarm("reconcile:index", "stuck since yesterday")
        tx.objects.keep("received/aa/x.pdf", "ab" * 32, 3_812_345)
        tx.objects.found("received/aa/x.pdf", Side.FIRST, ObjectState.DAMAGED, "blob-corrupt")
        tx.objects.keep("received/aa/y.pdf", "ab" * 32, 10)
        for side in Side:
            tx.objects.found("received/aa/y.pdf", side, ObjectState.MISSING, "absent")
        tx.outbox.add("index", "a")
    tools = replace(made.tools, queues=queues, blobs=blobs)
    return House(create_app(tools), tools, made.seeded)


def from_address(house: House, client: tuple[str, int], token: str = "") -> TestClient:
    made = TestClient(house.app, client=client, base_url="http://vanthu.test")
    if token:
        made.headers["Authorization"] = f"Bearer {house.seeded.tokens[token]}"
    return made


def figures(text: str) -> dict[tuple[str, ...], float]:
    """{(name, label values in the order of the labels' names …): value} of a scrape."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- the JSON API


def test_queues_workers_and_letters_are_told(busy: House) -> None:
    client = busy.client("administrator")
    told = client.get(f"{API}/queues").json()
    assert told["queues"][0] == {
        "queue": "pages", "state": "waiting", "count": 10412, "oldest_seconds": 7260.0,
    }  # fmt: skip
    assert [(w["name"], w["alive"]) for w in told["workers"]] == [("w1", True), ("w2", False)]
    assert told["dead_letters"] == 1
    (dead,) = client.get(f"{API}/dead-letters").json()
    assert dead["object_id"] == letter(7).object_id and dead["attempts"] == 5 and dead["error"]
    assert client.get(f"{API}/dead-letters?limit=0").status_code == 422
    assert client.get(f"{API}/dead-letters?limit=100000").status_code == 422


def test_a_letter_is_run_again_once_and_written_down(busy: House) -> None:
    client = busy.client("administrator")
    where = f"{API}/dead-letters/{letter(7).id}/rerun"
    assert client.post(where).status_code == 202
    assert busy.events("walk-again") == [
        (busy.seeded.accounts["administrator"], letter(7).object_id, "asked")
    ]
    assert (client.post(where).status_code, client.post(where).json()["code"]) == (409, "rerun-asked")
    for unknown in ("document:none", "a" * 200, "..", "%2e%2e", "a%00b", "a" * 201, "x y"):
        assert client.post(f"{API}/dead-letters/{unknown}/rerun").status_code in (404, 405), unknown
    assert len(busy.events("walk-again")) == 1


def test_rounds_and_bad_objects_are_told(busy: House) -> None:
    client = busy.client("administrator")
    rounds = {each["name"]: each for each in client.get(f"{API}/rounds").json()}
    assert rounds["fixity:first"]["counts"] == {"objects": 48211, "damaged": 1}
    assert rounds["reconcile:index"]["alarm"] == "stuck since yesterday"
    bad = client.get(f"{API}/objects/bad").json()
    assert [(b["key"], b["first_state"], b["copy_state"]) for b in bad] == [
        ("received/aa/x.pdf", "damaged", "good"),
        ("received/aa/y.pdf", "missing", "missing"),
    ]


@pytest.mark.parametrize(
    ("caller", "status"), [("", 401), ("reader", 403), ("archivist", 403), ("administrator", 200)]
)
def test_the_event_stream_is_for_operators(busy: House, caller: str, status: int) -> None:
    if status != 200:
        assert busy.client(caller).get(f"{API}/queues/events").status_code == status
        return
    told = next(events(busy, caller))
    assert told["engine"]["dead_letters"] == 1 and told["objects_bad"] == 2 and told["objects_lost"] == 1
    assert told["index"]["waiting"] == 1 and told["status"] == "ok" and len(told["rounds"]) == 2


def events(house: House, caller: str) -> Iterator[dict[str, object]]:
    """The first event of the stream, by asking the application itself: the test client waits for the end of one."""
    import anyio

    got: list[dict[str, object]] = []
    scope = {
        "type": "http", "method": "GET", "path": f"{API}/queues/events", "raw_path": b"", "query_string": b"",
        "headers": [(b"authorization", f"Bearer {house.seeded.tokens[caller]}".encode())],
        "client": HERE, "server": ("x", 80), "scheme": "http", "http_version": "1.1", "root_path": "",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
    }  # fmt: skip

    async def watch() -> None:
        seen = anyio.Event()
        asked = False

        async def receive() -> dict[str, object]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await seen.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, object]) -> None:
            for line in bytes(message.get("body", b"")).decode().splitlines():
                if line.startswith("data: {"):
                    got.append(json.loads(line[6:]))
                    seen.set()

        await house.app(scope, receive, send)

    anyio.run(watch)
    yield from got


def test_one_part_away_does_not_hide_the_others(busy: House) -> None:
    busy.tools.queues.away = True
    client = busy.client("administrator")
    answer = client.get(f"{API}/queues")
    assert (answer.status_code, answer.json()["code"], answer.json()["part"]) == (
        503,
        "engine-away",
        "engine",
    )
    assert client.get(f"{API}/rounds").status_code == 200
    told = next(events(busy, "administrator"))
    assert told["engine"] is None and told["objects_bad"] == 2 and told["failing"] == ["engine"]
    page = client.get("/operations")
    assert page.status_code == 200 and "không trả lời" in page.text and "received/aa/x.pdf" in page.text


# --- the page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_tells_what_is_wrong_worst_first(busy: House, language: str) -> None:
    client = busy.client("administrator")
    client.cookies.set("vanthu_lang", language)
    page = client.get("/operations").text
    assert 'data-testid="rerun"' in page and letter(7).object_id in page
    assert page.index("stuck since yesterday") > page.index('id="ops-verdict"')
    assert ("10.412" in page) and ("48.211" in page)
    assert {"vi": "Vận hành", "en": "Operations"}[language] in page


def test_the_button_runs_a_letter_again_and_says_when_it_cannot(busy: House) -> None:
    browser = busy.browser("administrator")
    where = f"/operations/dead-letters/{letter(7).id}/rerun"
    assert browser.post(where).status_code == 403  # no token of the form
    csrf = {"csrf": browser.headers.pop("X-CSRF-Token")}
    assert browser.post(where, data=csrf, follow_redirects=False).status_code == 303
    again = browser.post(where, data=csrf)
    assert again.status_code == 409 and "đã được yêu cầu chạy lại" in again.text
    assert len(busy.events("walk-again")) == 1


def test_a_house_in_order_says_so(make_house: Callable[..., House]) -> None:
    made = make_house(PATIENT)
    queues = ListedQueues(made.tools.work, crew=[WorkerSeen("w1", "may-1", ("pages",), 9.0)])
    tools = replace(made.tools, queues=queues)
    page = House(create_app(tools), tools, made.seeded).client("administrator").get("/operations").text
    assert "Mọi thứ đang chạy bình thường" in page and "verdict good" in page


def test_troubles_are_told_worst_first() -> None:
    now = SystemClock().now()
    health = Health({"tables": Standing.WELL, "blobs": Standing.READ_ONLY, "index": Standing.AWAY})
    rows = RowFigures((), 3, 1, Backlog(9, 2, now.replace(year=2020)), Backlog(0, 0, None), 10, 99)
    told = Figures(now, rows, EngineFigures((), (), (letter(1),)))
    found = troubles(told, health)
    assert [t.kind for t in found] == ["bad"] * 2 + ["warn"] * 6
    assert {t.sentence.removeprefix("ops.trouble_") for t in found} == {
        "no_worker", "lost", "read-only", "away", "dead", "damaged", "outbox", "heads",
    }  # fmt: skip
    assert troubles(Figures(now, None, None), Health({"tables": Standing.WELL, "blobs": Standing.WELL})) == []


def _key_ending(name: str, days: int, step: int) -> Ending:
    ends = SystemClock().now() + timedelta(days=days)
    return Ending(name, f"CN={name}", "Văn phòng", ends, days, step)


@pytest.mark.parametrize(
    ("ending", "kind", "said"),
    [
        (_key_ending("con-dau", 45, 60), "warn", "“con-dau” còn 45 ngày"),
        (_key_ending("con-dau", 20, 30), "warn", "“con-dau” còn 20 ngày"),
        (_key_ending("con-dau", 5, 7), "bad", "“con-dau” còn 5 ngày"),
        (_key_ending("con-dau", -3, 0), "bad", "“con-dau” đã hết hạn"),
    ],
)
def test_a_key_that_ends_is_told_on_the_page(busy: House, ending: Ending, kind: str, said: str) -> None:
    figures = Figures(SystemClock().now(), None, None)
    (trouble,) = troubles(figures, Health({"tables": Standing.WELL}), [ending])
    assert (trouble.kind, trouble.round) == (kind, "con-dau")
    tools = replace(busy.tools, key_endings=lambda: [ending])
    page = House(create_app(tools), tools, busy.seeded).client("administrator").get("/operations").text
    assert f"Chứng thư của khóa ký {said}" in page
    assert "con-dau" not in busy.client("administrator").get("/operations").text


def test_the_endings_are_read_off_the_real_keys(tmp_path: Path) -> None:
    create_demo_pki(tmp_path / "keys", "Văn phòng", SystemClock())
    (first, *_) = load_keys(tmp_path / "keys").keys.values()
    assert key_endings(tmp_path / "keys", SystemClock()) == []
    soon = key_endings(tmp_path / "keys", FixedClock(first.good_until - timedelta(days=5)))
    assert {(one.step, one.days) for one in soon} == {(7, 5)}
    assert {one.key for one in soon} == {"archive", "demo-official", "demo-seal"}
    over = key_endings(tmp_path / "keys", FixedClock(first.good_until + timedelta(days=1)))
    assert {one.step for one in over} == {0}
    assert key_endings(tmp_path / "nowhere", SystemClock()) == []


def test_counts_become_one_row_a_queue() -> None:
    (row,) = by_queue([QueueCount("b", "failed", 2, 9.0), QueueCount("b", "waiting", 3, 5.0)])
    assert (row.name, row.waiting, row.running, row.failed, row.oldest) == ("b", 3, 0, 2, 5.0)


# --- metrics


def test_metrics_are_for_this_machine_and_for_operators(busy: House) -> None:
    assert from_address(busy, HERE).get("/metrics").status_code == 200
    assert from_address(busy, ("::1", 1)).get("/metrics").status_code == 200
    assert from_address(busy, ("::ffff:127.0.0.1", 1)).get("/metrics").status_code == 200
    outside = from_address(busy, ELSEWHERE)
    assert outside.get("/metrics").status_code == 401
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"):
        assert from_address(busy, HERE).get("/metrics", headers={header: "127.0.0.1"}).status_code == 401
    assert from_address(busy, ELSEWHERE, "archivist").get("/metrics").status_code == 403
    assert from_address(busy, ELSEWHERE, "administrator").get("/metrics").status_code == 200


def test_metrics_tell_the_figures(busy: House) -> None:
    client = from_address(busy, HERE)
    busy.client("archivist").get(f"{API}/batches/{busy.seeded.ids['batch']}?q=mật")
    busy.client("archivist").get(f"{API}/nothing/here")
    busy.client("archivist").request("BREW", "/health/live")
    busy.client("reader").get(
        f"{API}/documents/{busy.seeded.ids['letter']}"
    )  # reading is an event of the log
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = figures(answer.text)
    assert found["vanthu_http_requests_total", "GET", f"{API}/batches/{{batch_id}}", "200"] == 1
    assert found["vanthu_http_requests_total", "GET", "(none)", "404"] == 1
    assert found["vanthu_http_requests_total", "OTHER", "/health/live", "405"] == 1
    assert found["vanthu_queue_jobs", "pages", "waiting"] == 10412
    assert found["vanthu_queue_oldest_waiting_seconds", "pages"] == 7260
    assert (found["vanthu_workers", "alive"], found["vanthu_workers", "silent"]) == (1, 1)
    assert found["vanthu_round_figure", "objects", "fixity:first"] == 48211
    assert (
        found["vanthu_round_alarm", "reconcile:index"] == 1
        and found["vanthu_round_alarm", "fixity:first"] == 0
    )
    assert found["vanthu_outbox_waiting",] == 1 and found["vanthu_index_lag_documents",] == 1
    assert (found["vanthu_objects_bad",], found["vanthu_objects_lost",]) == (2, 1)
    assert found["vanthu_part_up", "copy"] == 1 and found["vanthu_ready",] == 1
    assert found["vanthu_audit_events_total",] > 0 and found["vanthu_audit_heads_unpushed",] == 0
    assert found["vanthu_dead_letters",] == 1


def test_the_how_to_names_every_figure_and_no_other(busy: House) -> None:
    text = (WEB.parent / "docs" / "howto" / "operations.md").read_text()
    told = set(re.findall(r"\bvanthu_[a-z_]+", text))
    scraped = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(from_address(busy, HERE).get("/metrics").text)
        if family.name.startswith("vanthu_")
    }
    assert told == scraped


def test_metrics_carry_no_ids_names_or_texts(busy: House) -> None:
    archivist = busy.client("archivist")
    ids = busy.seeded.ids
    for address in (
        f"{API}/documents/{ids['letter']}", f"{API}/batches/{ids['batch']}", f"{API}/search?q=sinh hoat",
        "/x/" + "a" * 200, "/static/none-such.js",
    ):  # fmt: skip
        archivist.get(address)
    text = from_address(busy, HERE).get("/metrics").text
    known = [
        *ids.values(),
        *busy.seeded.accounts.values(),
        letter(7).object_id,
        "archivist",
        "sinh",
        "none-such",
    ]
    assert [word for word in known if word in text] == []


def test_metrics_come_although_rows_and_engine_are_away(busy: House) -> None:
    client = from_address(busy, HERE)
    busy.tools.queues.away = True

    class Gone:
        def reading(self) -> object:
            raise Away("database: gone", code="database-away")

        tables = property(reading)

    tools = replace(busy.tools, work=Gone())
    app = create_app(tools)
    client = TestClient(app, client=HERE)
    found = figures(client.get("/metrics").text)
    assert found["vanthu_part_up", "tables"] == 0 and found["vanthu_part_up", "engine"] == 0
    assert found["vanthu_ready",] == 0 and not [key for key in found if key[0] == "vanthu_outbox_waiting"]


# --- health


def standing(house: House, **changes: object) -> tuple[int, dict[str, object]]:
    tools = replace(house.tools, limits=PATIENT, **changes)
    answer = TestClient(create_app(tools)).get("/health/ready")
    if answer.status_code == 503:
        assert answer.headers["retry-after"]
    return answer.status_code, answer.json()


class Store:
    """A store of which only what health asks is there."""

    def __init__(self, reads: bool, takes: bool) -> None:
        self._reads, self._takes = reads, takes

    def size(self, key: str) -> None:
        if not self._reads:
            raise Away("store: gone", code="store-away")

    def probe(self) -> str:
        if not self._takes:
            raise Away("store: full", code="store-full")
        return "ok"


def paired(first: Store, copy: Store) -> PairedStore:
    return PairedStore(first, copy, lambda side, key, reason: None)  # type: ignore[arg-type]


WELL, READ_ONLY, GONE = Store(True, True), Store(True, False), Store(False, False)


@pytest.mark.parametrize(
    ("changes", "status", "word", "failing"),
    [
        ({}, 200, "ok", []),
        ({"blobs": READ_ONLY}, 200, "degraded", ["blobs"]),
        ({"blobs": GONE}, 503, None, ["blobs"]),
        ({"blobs": paired(GONE, WELL)}, 200, "degraded", ["blobs"]),
        ({"blobs": paired(WELL, GONE)}, 200, "degraded", ["copy"]),
        ({"blobs": paired(READ_ONLY, READ_ONLY)}, 200, "degraded", ["blobs", "copy"]),
        ({"blobs": paired(GONE, GONE)}, 503, None, ["blobs", "copy"]),
        ({"probes": {"keys": lambda: 1 / 0}}, 200, "degraded", ["keys"]),
        ({"probes": {"time-stamps": lambda: 1}}, 200, "ok", []),
    ],
    ids=range(9),
)
def test_ready_is_about_serving_people(
    busy: House, changes: dict[str, object], status: int, word: str | None, failing: list[str]
) -> None:
    found, told = standing(busy, **changes)
    assert (found, told["failing"]) == (status, failing)
    assert told["status"] == (word or 503) and all(told["checks"][name] != "ok" for name in failing)
    assert all(told["checks"][name] == "ok" for name in told["checks"] if name not in failing)


def test_rows_away_is_not_ready_and_index_or_engine_away_is_poorer(busy: House) -> None:
    (busy.tools.data_dir / "vanthu.db").rename(busy.tools.data_dir / "away.db")
    busy.tools.work.tables.dispose()
    status, told = standing(busy)
    assert (status, told["code"], told["failing"]) == (503, "unavailable", ["tables"])
    (busy.tools.data_dir / "vanthu.db").unlink(missing_ok=True)
    (busy.tools.data_dir / "away.db").rename(busy.tools.data_dir / "vanthu.db")
    busy.tools.work.tables.dispose()
    busy.tools.queues.away = True
    assert standing(busy)[1]["failing"] == ["engine"]


def test_a_hung_part_costs_its_own_answer_only(make_house: Callable[..., House]) -> None:
    house = at_work(make_house, Limits(probe_seconds=3, probe_kept_seconds=0.0))
    house.tools.queues.hangs = threading.Event()
    threads = threading.active_count()
    try:
        client = TestClient(house.app)
        for _ in range(5):
            told = client.get("/health/ready").json()
            assert told["failing"] == ["engine"] and told["checks"]["tables"] == "ok"
        hung = [t for t in threading.enumerate() if t.name == "ask-engine"]
        assert len(hung) == 1 and hung[0].daemon, "one asker waits, not one a question"
        assert threading.active_count() < threads + 10
        assert client.get("/health/live").json() == {"status": "ok"}
    finally:
        house.tools.queues.hangs.set()
    for thread in [t for t in threading.enumerate() if t.name == "ask-engine"]:
        thread.join()
    assert TestClient(house.app).get("/health/ready").json()["failing"] == []


def test_asking_all_the_time_does_not_load_the_parts(make_house: Callable[..., House]) -> None:
    asked = []
    house = make_house(
        Limits(probe_seconds=60, probe_kept_seconds=600), probes={"keys": lambda: asked.append(1)}
    )
    client = TestClient(house.app)
    assert {client.get("/health/ready").status_code for _ in range(50)} == {200}
    assert len(asked) == 1


def test_a_part_without_words_is_a_mistake_of_the_wiring(house: House) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Watchman(replace(house.tools, probes={"nonsense": lambda: None}))
