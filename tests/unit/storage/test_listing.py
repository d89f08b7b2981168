"""Sorted lists compared stretch by stretch: the law over any two lists, and a folder walked in the order of keys."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.listing import ListOutOfOrder, Reader, compare, walk_folder

KEYS = st.sets(st.text("ab/.0ế😀", min_size=1, max_size=4), max_size=30)


def same(line: str) -> str:
    return line


@given(KEYS, KEYS, st.integers(1, 8))
def test_stretches_together_are_the_whole_comparison(left: set[str], right: set[str], limit: int) -> None:
    lefts, rights = (
        Reader(lambda after, of=of: iter(sorted(k for k in of if k > after)), same) for of in (left, right)
    )
    only_left, only_right, both, at = [], [], [], ""
    while True:
        found = compare(lefts.next(at, limit), rights.next(at, limit), limit, same, same)
        only_left += found.left
        only_right += found.right
        both += [one for one, _ in found.both]
        lefts.passed(found.end)
        rights.passed(found.end)
        if not found.end:
            break
        assert found.end > at, "a stretch moves on"
        at = found.end
    assert only_left == sorted(left - right)
    assert only_right == sorted(right - left)
    assert both == sorted(left & right)


@pytest.mark.parametrize("lines", [["b", "a"], ["a", "a"]])
def test_a_list_out_of_order_is_never_compared(lines: list[str]) -> None:
    with pytest.raises(ListOutOfOrder):
        compare(lines, [], 10, same, same)
    with pytest.raises(ListOutOfOrder):
        compare([], lines, 10, same, same)


def test_a_list_that_fails_is_begun_again_where_it_was() -> None:
    begun: list[str] = []

    def begin(after: str):
        begun.append(after)
        for key in "abcdefgh":
            if key > after:
                if key == "e" and len(begun) == 1:
                    raise OSError("gone")
                yield key

    lines = Reader(begin, same)
    assert lines.next("", 3) == ["a", "b", "c"]
    lines.passed("c")
    with pytest.raises(OSError, match="gone"):
        lines.next("c", 3)
    assert lines.next("c", 3) == ["d", "e", "f"]
    lines.passed("f")
    assert lines.next("f", 3) == ["g", "h"]
    assert begun == ["", "c"]


@given(
    st.sets(
        st.lists(st.sampled_from(["a", "b", "a.b", "a-", "A", "ế", ".x", "zz"]), min_size=1, max_size=3).map(
            "/".join
        ),
        max_size=12,
    )
)
def test_a_folder_is_walked_in_the_order_of_whole_keys(tmp_path_factory, keys: set[str]) -> None:
    root: Path = tmp_path_factory.mktemp("walk")
    made = set()
    for key in sorted(keys):
        path = root / key
        if path.exists() or any(p.is_file() for p in path.parents if p != root and root in p.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode())
        if not any(name.startswith(".") for name in key.split("/")):
            made.add(key)
    assert [line.key for line in walk_folder(root, "")] == sorted(made)
    for after in [*sorted(made), "a", "a/", "a.b/a", "b/zz"]:
        assert [line.key for line in walk_folder(root, after)] == sorted(k for k in made if k > after)
    assert all(line.size == len(line.key.encode()) and line.age < 3600 for line in walk_folder(root, ""))


def test_a_folder_tells_what_is_odd_and_leaves_out_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    (tmp_path / "link").symlink_to("plain")
    os.mkfifo(tmp_path / "pipe")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff"))).write_bytes(b"")
    assert [line.key for line in walk_folder(tmp_path, "")] == ["bad\udcff", "plain"]
    assert list(walk_folder(tmp_path / "absent", "")) == []
