"""A poll rests while its queue is empty, wakes when work is put there, and stops when told to."""

import threading
import time

import pytest

from jobs.engine_bell import Bell

PACES = {"pages": (0.25, 1.0), "sign": (0.25, 0.5)}


def test_a_poll_rests_ever_longer_and_comes_back_with_work() -> None:
    bell = Bell(PACES)
    told = []
    for found in (False, False, False, True, False):
        bell.looked("pages", found)
        told.append(bell.pace("pages"))
    assert told == [0.5, 1.0, 1.0, 0.25, 0.5]
    bell.looked("sign", False)
    bell.looked("sign", False)
    assert bell.pace("sign") == 0.5  # each queue has its own longest rest
    bell.ring("sign")
    assert (bell.pace("sign"), bell.pace("pages")) == (0.25, 0.5)


def poll(bell: Bell, name: str, stop: threading.Event, looks: list[str]) -> threading.Thread:
    def run() -> None:
        while not stop.is_set():
            bell.pace(name)
            if stop.wait(timeout=60.0):
                return
            looks.append(name)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def until(what: object) -> None:
    assert callable(what)
    for _ in range(2000):
        if what():
            return
        time.sleep(0.005)
    pytest.fail("it never came")


def test_a_ring_wakes_its_own_queue_at_once_and_a_stop_wakes_all() -> None:
    bell, stop, looks = Bell(PACES), threading.Event(), list[str]()
    bell.hang(stop)
    threads = [poll(bell, "pages", stop, looks), poll(bell, "sign", stop, looks)]
    bell.ring("pages")
    until(lambda: looks == ["pages"])
    bell.ring("sign")
    until(lambda: looks == ["pages", "sign"])
    stop.set()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert looks == ["pages", "sign"]


def test_a_ring_during_a_look_is_not_lost() -> None:
    bell, stop = Bell(PACES), threading.Event()
    bell.hang(stop)
    bell.pace("pages")
    bell.ring("pages")  # this thread is about to look, or looks: not waiting
    assert stop.wait(timeout=60.0) is False
    assert stop.wait(timeout=0.01) is False  # and rung once, it wakes once


def test_a_thread_of_no_queue_waits_as_ever() -> None:
    bell, stop = Bell(PACES), threading.Event()
    bell.hang(stop)
    bell.ring("pages")
    assert stop.wait(timeout=0.01) is False
    stop.set()
    assert stop.wait(timeout=60.0) is True


def test_an_end_in_this_process_wakes_who_waits_for_it() -> None:
    bell, over = Bell(PACES), threading.Event()
    asked: list[bool] = []

    def ask() -> bool:
        asked.append(over.is_set())
        return asked[-1]

    waiting = threading.Thread(target=bell.await_end, args=("w", ask, 60.0, 60.0), daemon=True)
    waiting.start()
    until(lambda: asked)
    bell.ended("another")
    bell.ended("w")  # noted, but another execution owns the row: it is not over, and the wait goes on
    until(lambda: len(asked) == 2)
    over.set()
    bell.ended("w")
    waiting.join(timeout=10)
    assert not waiting.is_alive()
    assert asked == [False, False, True]


def test_the_end_of_what_another_machine_runs_is_asked_for_ever_more_seldom(monkeypatch) -> None:
    waits: list[float | None] = []
    monkeypatch.setattr(threading.Event, "wait", lambda self, timeout=None: waits.append(timeout))
    answers = iter([False] * 6 + [True])
    Bell({}).await_end("w", lambda: next(answers), 1.0, 10.0)
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
