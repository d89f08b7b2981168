"""Both makers and both checkers of proofs against the RFC, against known vectors and against each other."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import audit_proofs as ours
from storage.audit_tree import leaf_hash, merkle_root
from storage.audit_verify import proofs as told
from storage.audit_verify import tree as theirs
from storage.audit_verify.heads import note_key
from storage.tree_notes import NoteSigner

DATA = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [leaf_hash(data) for data in DATA]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Roots of the first 0 to 8 inputs of the Certificate Transparency reference tests (RFC 6962, RFC 9162)."""

LEAF_2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
NODE_34 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_56 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_78 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_58 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
LEAF_5 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"

INCLUSION = [  # number of the leaf from 1, size of the tree, path
    (1, 1, []),
    (1, 8, [LEAF_2, NODE_34, NODE_58]),
    (6, 8, [LEAF_5, NODE_78, ROOTS[4]]),
    (3, 3, [ROOTS[2]]),
    (2, 5, [ROOTS[1], NODE_34, LEAF_5]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [LEAF_2, NODE_34, NODE_58]),
    (6, 8, [NODE_56, NODE_78, ROOTS[4]]),
    (2, 5, [NODE_34, LEAF_5]),
]


def some(leaves: list[bytes]) -> ours.Leaves:
    return lambda first, last: leaves[first - 1 : last]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1 word for word: the third opinion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = max(2**i for i in range(40) if 2**i < len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


@pytest.mark.parametrize("count", range(9))
def test_known_roots(count: int) -> None:
    assert merkle_root(LEAVES[:count]).hex() == ROOTS[count]
    assert theirs.root_of(LEAVES[:count]).hex() == ROOTS[count]
    assert mth(LEAVES[:count]).hex() == ROOTS[count]
    assert [theirs.leaf_hash(data) for data in DATA] == [leaf.hex() for leaf in LEAVES]


@pytest.mark.parametrize(("seq", "count", "path"), INCLUSION)
def test_known_inclusion_paths(seq: int, count: int, path: list[str]) -> None:
    made = ours.prove_inclusion(some(LEAVES), seq, count, b"")
    assert [node.hex() for node in made.path] == path
    assert made.root.hex() == ROOTS[count]
    assert [node.hex() for node in theirs.inclusion_path(seq - 1, LEAVES[:count])] == path


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_known_consistency_paths(old: int, new: int, path: list[str]) -> None:
    made = ours.prove_consistency(some(LEAVES), old, new)
    assert [node.hex() for node in made.path] == path
    assert (made.old_root.hex(), made.new_root.hex()) == (ROOTS[old], ROOTS[new])
    assert [node.hex() for node in theirs.consistency_path(old, LEAVES[:new])] == path


def test_every_inclusion_up_to_seventy_leaves() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(70)]
    for count in range(1, 71):
        root = mth(leaves[:count])
        for index in range(count):
            path = theirs.inclusion_path(index, leaves[:count])
            assert ours.prove_inclusion(some(leaves), index + 1, count, b"").path == tuple(path)
            for holds in (ours.is_included, theirs.included):
                assert holds(leaves[index], index, count, path, root)
                assert not holds(leaves[index - 1], index, count, path, root) or count == 1


def test_every_consistency_up_to_forty_leaves() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(40)]
    roots = [mth(leaves[:count]) for count in range(41)]
    for new in range(1, 41):
        for old in range(1, new + 1):
            path = theirs.consistency_path(old, leaves[:new])
            assert ours.prove_consistency(some(leaves), old, new).path == tuple(path)
            for holds in (ours.is_consistent, theirs.consistent):
                assert holds(old, new, roots[old], roots[new], path)
                if old < new:
                    assert not holds(old, new, roots[old - 1], roots[new], path)
                    assert not holds(old, new, roots[old], roots[new - 1], path)


COUNTS = st.integers(1, 300)


@settings(deadline=None)
@given(COUNTS, st.data())
def test_no_inclusion_proof_bends(count: int, data: st.DataObject) -> None:
    """A proof holds for one leaf, one place, one size and one root; bent anywhere, neither checker takes it."""
    leaves = [leaf_hash(n.to_bytes(2, "big")) for n in range(count)]
    index = data.draw(st.integers(0, count - 1))
    path, root = theirs.inclusion_path(index, leaves), theirs.root_of(leaves)
    bent = _bent(path, data)
    for holds in (ours.is_included, theirs.included):
        assert holds(leaves[index], index, count, path, root)
        assert not holds(leaves[index], index, count, bent, root)
        assert not holds(leaves[index], index, count, path, leaf_hash(root))
        for other in {index - 1, index + 1, -1, count} - {index}:
            assert not holds(leaves[index], other, count, path, root)
        assert not holds(leaves[index], index, 0, path, root)


@settings(deadline=None)
@given(COUNTS, st.data())
def test_no_consistency_proof_bends(new: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(n.to_bytes(2, "big")) for n in range(new)]
    old = data.draw(st.integers(1, new))
    path = theirs.consistency_path(old, leaves)
    before, after = theirs.root_of(leaves[:old]), theirs.root_of(leaves)
    for holds in (ours.is_consistent, theirs.consistent):
        assert holds(old, new, before, after, path)
        assert not holds(old, new, before, after, _bent(path, data))
        assert not holds(old, new, leaf_hash(before), after, path)
        assert not holds(old, new, before, leaf_hash(after), path)
        assert not holds(new + 1, new, before, after, path)
        assert not holds(-1, new, before, after, path)


def _bent(path: list[bytes], data: st.DataObject) -> list[bytes]:
    ways = [lambda p: [*p, bytes(32)], lambda p: [bytes(32), *p]]
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        ways += [
            lambda p: p[:-1],
            lambda p: p[1:],
            lambda p: [*p[:at], leaf_hash(p[at]), *p[at + 1 :]],
            lambda p: [*p[:at], p[at], *p[at:]],
        ]
    return list(data.draw(st.sampled_from(ways))(path))


def test_the_empty_tree_begins_every_log() -> None:
    empty = mth([])
    for holds in (ours.is_consistent, theirs.consistent):
        assert holds(0, 5, empty, mth(LEAVES[:5]), [])
        assert not holds(0, 5, LEAVES[0], mth(LEAVES[:5]), [])
        assert not holds(0, 5, empty, mth(LEAVES[:5]), [LEAVES[0]])
    made = ours.prove_consistency(some(LEAVES), 0, 5)
    assert (made.path, made.old_root) == ((), empty)


@pytest.mark.parametrize(("seq", "count"), [(0, 5), (6, 5), (-1, 5), (1, 0)])
def test_nobody_proves_what_is_not_there(seq: int, count: int) -> None:
    with pytest.raises(ValueError, match="no event"):
        ours.prove_inclusion(some(LEAVES), seq, count, b"")
    with pytest.raises(ValueError, match="cannot grow"):
        ours.prove_consistency(some(LEAVES), 6, 5)


SIGNER = NoteSigner("vanthu/audit/test", bytes(range(32)))
EVENTS = [f'{{"seq":{n},"prev":"x"}}'.encode() for n in range(1, 8)]
HASHES = [leaf_hash(event) for event in EVENTS]


def test_proofs_written_by_the_archive_are_read_by_the_stranger() -> None:
    keys = [note_key(str(SIGNER.verifier))]
    note = SIGNER.sign_head(7, merkle_root(HASHES))
    made = ours.prove_inclusion(some(HASHES), 3, 7, EVENTS[2], note)
    assert told.check_proof(json.loads(made.to_json()), keys) == ""
    grown = ours.prove_consistency(some(HASHES), 4, 7)
    before = SIGNER.sign_head(4, merkle_root(HASHES[:4]))
    signed = json.loads(grown.to_json()) | {"old_note": before, "new_note": note}
    assert told.check_proof(signed, keys) == ""
    assert told.check_proof(json.loads(grown.to_json()), []) == ""
    assert "no signed note" in told.check_proof(json.loads(grown.to_json()), keys)
    assert "another head" in told.check_proof(signed | {"old_note": note}, keys)


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("event", EVENTS[3].decode(), "another number"),
        ("event", EVENTS[2].decode() + " ", "do not lead"),
        ("seq", 4, "another number"),
        ("count", 6, "another head"),  # the same way up, which is why the note is looked at too
        ("count", 4, "do not lead"),
        ("root", "00" * 32, "do not lead"),
        ("path", [], "do not lead"),
        ("note", SIGNER.sign_head(6, merkle_root(HASHES)), "another head"),
        ("note", "", "no signed note"),
    ],
)
def test_a_proof_bent_by_hand(part: str, value: object, problem: str) -> None:
    keys = [note_key(str(SIGNER.verifier))]
    note = SIGNER.sign_head(7, merkle_root(HASHES))
    proof = json.loads(ours.prove_inclusion(some(HASHES), 3, 7, EVENTS[2], note).to_json())
    assert problem in told.check_proof(proof | {part: value}, keys)


def test_a_proof_is_checked_far_from_any_log(tmp_path: Path) -> None:
    import storage.audit_verify

    note = SIGNER.sign_head(7, merkle_root(HASHES))
    proof = ours.prove_inclusion(some(HASHES), 3, 7, EVENTS[2], note).to_json()
    checker = [sys.executable, "-I", str(Path(storage.audit_verify.__file__).parent), "check", "-"]

    def run(text: str, *more: str) -> tuple[int, str]:
        done = subprocess.run([*checker, *more], input=text, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout

    key = ["--key", str(SIGNER.verifier)]
    assert run(proof, *key) == (0, "Bằng chứng đúng.\n")
    assert run(proof.replace('"seq": 3', '"seq": 4'), *key)[0] == 1
    assert run(proof, "--key", str(NoteSigner("other", bytes(32)).verifier))[0] == 2
    for nonsense in (
        "",
        "[]",
        "{}",
        '{"path": [], "kind": "x"}',
        '{"path": [1]}',
        proof.replace("root", "toor"),
    ):
        assert run(nonsense, *key)[0] == 2
