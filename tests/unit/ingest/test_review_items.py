"""What is worth a person's look, before any row is written."""

import pytest

from ingest.review_items import UNREAD, doubtful, items_of, page_number
from records.document import Fields
from records.page import PageText
from tests.cases.reviews import FIELDS, PAGE, word


def test_what_is_worth_a_look_and_in_which_order() -> None:
    unread = PageText(2, 10, 10, 300.0, 0, 0.0, "made", (), "timed-out")
    listed = {item.part: item for item in items_of("d1", FIELDS, [PAGE, unread])}
    assert set(listed) == {
        "subject",
        "page-1",
        "page-2",
    }  # the date is told without evidence, the number is sure
    assert listed["page-1"].expected == pytest.approx(1.73)  # dots are nobody's error
    assert listed["page-2"].rank == UNREAD > listed["subject"].rank > listed["page-1"].rank
    assert doubtful(PAGE) == [1, 2]
    assert doubtful(PAGE, most=1) == [1]


def test_a_page_read_the_simpler_way_is_always_listed() -> None:
    clean = PageText(1, 10, 10, 300.0, 0, 0.0, "made", (word("xã", 0.99, 0),), "read", ("read-plainly",))
    assert items_of("d", FIELDS, [clean])[-1].rank > 50


def test_a_field_that_was_not_found_is_listed_and_a_clean_page_is_not() -> None:
    clean = PageText(1, 10, 10, 300.0, 0, 0.0, "made", (word("xã", 0.99, 0),))
    assert [item.part for item in items_of("d", Fields(), [clean])] == ["number", "issued_date", "subject"]


@pytest.mark.parametrize("part", ["page-", "page-x", "page-١", "number", "", "page-1-2", "page-99999999999"])
def test_what_is_no_page(part: str) -> None:
    assert page_number(part) is None
