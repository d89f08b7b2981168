"""Names from outside are for showing only: they cannot leave the delivery, break a line or grow without end."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ingest.names import clean_name, clean_path


def test_awkward_names() -> None:
    assert clean_name("../../etc/passwd") == "passwd"
    assert clean_name("C:\\scan\\a.jpg") == "a.jpg"
    assert clean_name("a\r\nSet-Cookie: x.jpg") == "aSet-Cookie: x.jpg"
    assert clean_name("\u202egpj.exe") == "gpj.exe"
    assert clean_name(unicodedata.normalize("NFD", "Quyết định.pdf")) == "Quyết định.pdf"
    assert clean_name("") == "khong-ten"
    assert clean_name("..") == "khong-ten"
    assert clean_name("x" * 300 + ".tif").endswith("….tif")


def test_paths_stay_inside() -> None:
    assert clean_path("../a/./b/../c.jpg") == "a/b/c.jpg"
    assert clean_path("/etc/passwd") == "etc/passwd"
    assert clean_path("..") == "khong-ten"


@given(st.text(max_size=600))
def test_never_unsafe(text: str) -> None:
    for name in (clean_name(text), *clean_path(text).split("/")):
        assert name not in ("", ".", "..")
        assert "/" not in name
        assert "\x00" not in name
        assert len(name) <= 200
        assert clean_name(name) == name
