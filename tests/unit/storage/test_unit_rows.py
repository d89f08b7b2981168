"""Bodies, posts and members in SQLite."""

from tests.cases.member_rows import MemberRowCases
from tests.cases.post_rows import PostRowCases
from tests.cases.unit_rows import UnitRowCases


class TestUnitRows(UnitRowCases):
    """The shared cases."""


class TestPostRows(PostRowCases):
    """The shared cases."""


class TestMemberRows(MemberRowCases):
    """The shared cases."""
