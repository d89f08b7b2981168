"""Signed notes: the public example of the format, every way to spoil one, and the key's life on disk."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import ArchiveFault
from storage.audit_verify.heads import load_heads, note_key, read_note
from storage.tree_notes import (
    KEY,
    PUBLISHED,
    NoteRefused,
    NoteSigner,
    NoteVerifier,
    create_audit_key,
    load_audit_keys,
    load_verifiers,
    open_note,
)

ROOT = bytes(range(32))
SIGNER = NoteSigner("vanthu/audit/test", bytes(32))
NOTE = SIGNER.sign_head(1593, ROOT)


def test_the_example_of_the_format() -> None:
    """The key and note in the documentation of Go's `sumdb/note`, the format's first home."""
    signer = NoteSigner.from_text(
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    )
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    assert str(signer.verifier) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert signer.sign(text) == (
        f"{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ryy"
        "BwJnAM=\n"
    )


def test_a_head_as_it_is_written() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == ["vanthu/audit/test", "1593", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith("— vanthu/audit/test ")
    assert lines[5:] == [""]
    head = open_note(NOTE, [SIGNER.verifier])
    assert (head.origin, head.count, head.root) == ("vanthu/audit/test", 1593, ROOT)
    theirs = read_note(NOTE.encode(), [note_key(str(SIGNER.verifier))])
    assert (theirs.count, theirs.root) == (1593, ROOT.hex())


@settings(deadline=None)
@given(st.integers(0, len(NOTE) - 1), st.sampled_from("\n +0Aaz—"))
def test_no_letter_can_be_changed(at: int, letter: str) -> None:
    spoilt = NOTE[:at] + letter + NOTE[at + 1 :]
    if spoilt == NOTE:
        return
    with pytest.raises(NoteRefused):
        open_note(spoilt, [SIGNER.verifier])
    with pytest.raises(ValueError, match=r"."):
        read_note(spoilt.encode(), [note_key(str(SIGNER.verifier))])


@settings(deadline=None)
@given(st.text(max_size=200))
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        open_note(text, [SIGNER.verifier])
    with pytest.raises(ValueError, match=r"."):
        read_note(text.encode("utf-8", "surrogatepass"), [note_key(str(SIGNER.verifier))])


@pytest.mark.parametrize(
    "text",
    [
        "vanthu/audit/test\n01\n" + base64.b64encode(ROOT).decode() + "\n",
        "vanthu/audit/test\n-1\n" + base64.b64encode(ROOT).decode() + "\n",
        "vanthu/audit/test\n" + "9" * 5000 + "\n" + base64.b64encode(ROOT).decode() + "\n",
        "vanthu/audit/test\n1\n" + base64.b64encode(ROOT[1:]).decode() + "\n",
        "vanthu/audit/test\n1\n",
        "another/log\n1\n" + base64.b64encode(ROOT).decode() + "\n",
    ],
)
def test_our_signature_under_what_is_no_head_of_ours(text: str) -> None:
    note = SIGNER.sign(text)
    with pytest.raises(NoteRefused):
        open_note(note, [SIGNER.verifier])


def test_witnesses_may_sign_too_but_not_instead() -> None:
    witness = NoteSigner("witness.example/w1", bytes([1] * 32))
    text = NOTE.rpartition("\n\n")[0] + "\n"
    with_both = NOTE + witness.sign(text).rpartition("\n\n")[2]
    assert open_note(with_both, [SIGNER.verifier]).count == 1593
    assert read_note(with_both.encode(), [note_key(str(SIGNER.verifier))]).count == 1593
    alone = witness.sign(text)
    with pytest.raises(NoteRefused, match="no signature by a key"):
        open_note(alone, [SIGNER.verifier])
    with pytest.raises(ValueError, match="not signed by"):
        read_note(alone.encode(), [note_key(str(SIGNER.verifier))])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "name+00000000",
        "name+00000000+AAAA",
        str(SIGNER.verifier).replace("test", "tset"),
        str(SIGNER.verifier).replace("vanthu/", "van thu/"),
        str(SIGNER.verifier)[:-4],
        str(SIGNER.verifier).replace("+AT", "+BT"),
    ],
)
def test_what_is_no_key(text: str) -> None:
    if text == str(SIGNER.verifier):
        pytest.skip("the letters do not occur in this key")
    with pytest.raises(ValueError, match=r"."):
        NoteVerifier.from_text(text)
    with pytest.raises(ValueError, match=r"."):
        note_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_names_a_key_cannot_have(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        NoteSigner(name, bytes(32))


def test_the_key_on_disk(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    told = create_audit_key(folder)
    assert create_audit_key(folder) == told
    assert stat.S_IMODE((folder / KEY).stat().st_mode) == 0o600
    assert (folder / PUBLISHED).read_text() == f"{told}\n"
    keys = load_audit_keys(folder)
    assert [str(key) for key in keys.verifiers] == [told]
    assert [str(key) for key in load_verifiers(folder)] == [told]
    assert sorted(path.name for path in folder.iterdir()) == [KEY, PUBLISHED]
    assert open_note(keys.signer.sign_head(1, ROOT), keys.verifiers).origin.startswith("vanthu/audit/")
    assert create_audit_key(tmp_path / "other") != told, "every log has its own name and key"


def test_a_new_key_goes_on_under_the_old_name(tmp_path: Path) -> None:
    first = create_audit_key(tmp_path)
    old = load_audit_keys(tmp_path).signer.sign_head(1, ROOT)
    (tmp_path / KEY).rename(tmp_path / "retired.key")
    second = create_audit_key(tmp_path)
    assert second != first
    assert second.partition("+")[0] == first.partition("+")[0]
    keys = load_audit_keys(tmp_path)
    new = keys.signer.sign_head(2, ROOT)
    assert [open_note(note, keys.verifiers).count for note in (old, new)] == [1, 2]
    (tmp_path / "1.note").write_text(old)
    (tmp_path / "2.note").write_text(new)
    both = load_heads([tmp_path], [note_key(first), note_key(second)], [])
    assert (both.signed, both.faults) == (2, ())
    assert load_heads([tmp_path], [note_key(second)], []).faults != ()


@pytest.mark.parametrize("text", ["", "PRIVATE+KEY+x", "nonsense", "\udcff", str(SIGNER.verifier)])
def test_a_spoilt_key_is_told_and_never_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / KEY).write_bytes(text.encode("utf-8", "surrogateescape"))
    for use in (create_audit_key, load_audit_keys):
        with pytest.raises(ArchiveFault) as told:
            use(tmp_path)
        assert told.value.code == "keys-unreadable"
    assert (tmp_path / KEY).read_bytes() == text.encode("utf-8", "surrogateescape")


def test_no_key_no_signature(tmp_path: Path) -> None:
    with pytest.raises(ArchiveFault) as told:
        load_audit_keys(tmp_path / "nowhere")
    assert told.value.code == "keys-unreadable"
    assert load_verifiers(tmp_path / "nowhere") == ()
