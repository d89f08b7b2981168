"""The review list on SQLite."""

from tests.cases.reviews import ReviewCases


class TestReviews(ReviewCases):
    pass
