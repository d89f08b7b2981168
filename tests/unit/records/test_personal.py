"""The rule for personal data: nobody sees a member without a task, and more posts never show less."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from records import personal
from records.acting import PostRole
from records.members import Sight
from records.membership import MembershipKind
from records.personal import Place, Viewer, best, capped, grants, sight_of

UNITS = st.sampled_from(["city", "ward", "base", "branch", "other"])
POSTS = st.frozensets(st.tuples(UNITS, st.sampled_from(PostRole)), max_size=4)
PLACES = st.lists(st.builds(Place, st.sampled_from(MembershipKind), UNITS, st.frozensets(UNITS)), max_size=3)
SIGHTS = [Sight.ABSENT, Sight.BRIEF, Sight.FULL]
LEADERS = {PostRole.SECRETARY, PostRole.DEPUTY_SECRETARY, PostRole.COMMITTEE_MEMBER, PostRole.MEMBERS_OFFICER}


def test_every_role_is_in_the_table() -> None:
    assert set(personal._SEES) == set(PostRole)


@given(PLACES)
def test_without_a_post_there_is_nothing_to_see(places: list[Place]) -> None:
    assert sight_of(Viewer("a", frozenset()), "m", None, places) is Sight.ABSENT
    assert sight_of(Viewer("a", frozenset()), "m", "b", places) is Sight.ABSENT
    assert sight_of(Viewer("a", frozenset()), "m", "a", places) is Sight.FULL
    assert sight_of(Viewer("a", frozenset(), frozenset({"m"})), "m", None, places) is Sight.FULL


@given(POSTS, POSTS, PLACES)
def test_more_posts_never_show_less(some: frozenset, more: frozenset, places: list[Place]) -> None:
    few = sight_of(Viewer("a", some), "m", None, places)
    many = sight_of(Viewer("a", some | more), "m", None, places)
    assert SIGHTS.index(many) >= SIGHTS.index(few)
    assert many is best(
        [few, sight_of(Viewer("a", more), "m", None, places)]
    )  # posts add up, none changes what another shows


@given(POSTS, PLACES)
def test_the_whole_file_is_for_the_own_branch_and_the_officers_above(
    posts: frozenset, places: list[Place]
) -> None:
    viewer = Viewer("a", posts)
    whole = any(
        place.kind is MembershipKind.OFFICIAL
        and (
            (unit_id == place.unit_id and role in LEADERS)
            or (unit_id in place.above and role is PostRole.MEMBERS_OFFICER)
        )
        for place in places
        for unit_id, role in posts
    )
    assert (sight_of(viewer, "m", None, places) is Sight.FULL) == whole


@given(POSTS, PLACES)
def test_a_guest_is_seen_in_brief_at_most(posts: frozenset, places: list[Place]) -> None:
    guests = [replace(place, kind=MembershipKind.TEMPORARY) for place in places]
    assert sight_of(Viewer("a", posts), "m", None, guests) is not Sight.FULL
    for sight in Sight:
        assert capped(sight, MembershipKind.OFFICIAL) is sight


@given(POSTS)
def test_no_grant_of_nothing(posts: frozenset) -> None:
    assert all(grant.sight is not Sight.ABSENT for grant in grants(Viewer("a", posts)))
