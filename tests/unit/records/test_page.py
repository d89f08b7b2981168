import json

import pytest

from records.geometry import Box
from records.page import PageText, Region, Trace, Word, dump_page, load_page

WORDS = (
    Word("Quyết", Box(1, 2, 30, 12), 0.9, 0, Trace(0.91, 0.83, True, "second", "Quyêt")),
    Word("định", Box(32, 2, 60, 12), 0.8, 0, Trace(0.8, other="")),
    Word("12-QĐ/TU", Box(1, 20, 60, 30), 0.7, 1),
)
PAGE = PageText(1, 100, 100, 300.0, 0, 0.0, "made", WORDS, regions=(Region("seal", Box(5, 5, 40, 40)),))


def test_a_page_comes_back_with_what_is_known_of_each_word() -> None:
    assert load_page(dump_page(PAGE)) == PAGE


def test_words_that_no_engine_read_say_nothing_of_an_engine() -> None:
    written = json.loads(dump_page(PAGE))["words"]
    assert "trace" not in written[2]
    assert written[1]["trace"] == {"engine": 0.8, "reader": "first", "other": ""}


def test_readings_kept_before_traces_still_load() -> None:
    old = json.loads(dump_page(PAGE))
    del old["regions"]
    for word in old["words"]:
        word.pop("trace", None)
    assert load_page(json.dumps(old).encode()).regions == ()
    assert [w.trace for w in load_page(json.dumps(old).encode()).words] == [None, None, None]


def test_a_foreign_trace_is_refused() -> None:
    old = json.loads(dump_page(PAGE))
    old["words"][0]["trace"]["mood"] = "good"
    with pytest.raises(TypeError):
        load_page(json.dumps(old).encode())
