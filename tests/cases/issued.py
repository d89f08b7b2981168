"""A town whose letters are really drawn, kept and "signed" in one archive, so that what is issued can be deposited.

The signings are made up (a comment behind the drawn file, and the rows of a signing batch): that signatures stand is
tested where they are made; here it is what becomes of the bytes afterwards.
"""

import hashlib
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.shelf import Shelf
from ingest.sidecars import keep_batch_manifest
from ingest.tools import IngestTools
from jobs.engine import Json
from jobs.walk_steps import Steps
from procedures.asking import Ask
from procedures.case_desk import prepare
from procedures.case_drawing import key_of
from procedures.case_parties import parties_of_account
from procedures.sign_papers import signed_key
from records.access import SYSTEM, Actor, Role
from records.case import Case, Signed, current
from records.outcome import Done
from search.find import Found, search
from storage.batch_values import ISSUER
from storage.documents import Document
from storage.signing_values import NewPaper, NewSigningBatch, Signature
from tests.cases.archive_world import World
from tests.cases.case_town import RECEIVE, TO_APPROVED, TO_SEALED, Town
from tests.cases.party import Party
from tests.cases.procedure_world import DEFINITIONS, key

TO_CLOSED = f"{TO_APPROVED}, {TO_SEALED}, {RECEIVE}"


@dataclass
class IssuingTown(Town):
    """`ask` signs with bytes that rest in the store and a signing in the rows."""

    level: str = "PAdES-BASELINE-LTA"

    def ask(self, who: str, case: Case, move: str, **parts: object) -> Ask:
        signs = DEFINITIONS.get(case.procedure, case.version).moves[move].signs
        if not signs:
            return super().ask(who, case, move, **parts)
        given = Signed("", "", "", "")  # keeps the town from signing
        ask = replace(super().ask(who, case, move, **{**parts, "signed": (given,)}), signed=())
        ready = prepare(self.desk, self.person(who), case.id, case.revision, ask)
        if ready.kept is not None:
            with self.work.begin() as tx:
                ready.kept.enter(tx)
            source, at = ready.kept.key, ready.kept.sha256
        else:
            paper = current(case)
            assert paper is not None
            source, at = key_of(paper), paper.sha256
        made = []
        for profile in signs:
            signed = self._signed(profile, source, at, self.accounts[who])
            source, at = signed_key(signed.after_sha256), signed.after_sha256
            made.append(signed)
        return replace(ask, signed=tuple(made), words_sha256=ready.ask.words_sha256)

    def _signed(self, profile: str, source: str, before: str, account: str) -> Signed:
        data = self.blobs.read(source, before) + f"\n% {profile} {key()}\n".encode()
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.folder / "work" / f"{sha256}.part"
        path.write_bytes(data)
        self.blobs.put_once(signed_key(sha256), path, sha256)
        path.unlink()
        with self.work.begin() as tx:
            batch = tx.signings.open_batch(NewSigningBatch("Ký", profile, "khoa", self.level, account, {}))
            paper = tx.signings.add_paper(batch.id, NewPaper("giay.pdf", source, before, len(data), key()))
            made = Signature(
                signed_key(sha256),
                sha256,
                len(data),
                self.level,
                "NguoiKy",
                self.work.clock.now(),
                "c" * 64,
                "1",
                "2",
            )
            assert tx.signings.signed(paper.id, made)
            tx.objects.keep(made.key, sha256, len(data))
        return Signed(profile, before, sha256, paper.id)

    def again(self, world: World, folder: Path) -> "IssuingTown":
        """The same town over a copy of its archive: walking a letter through ten moves takes its time."""
        other = copy(self)
        other.party = copy(self.party)
        other.party.work = world.work
        other.folder, other.drawn, other.boxes = folder, [], []
        other.blobs = world.blobs
        tools = replace(self.desk.tools, work=world.work)
        other.desk = replace(
            self.desk,
            tools=tools,
            blobs=other.blobs,
            draw=other._draw,
            draw_box=other._draw_box,
            work_dir=folder / "work",
        )
        return other

    def close(self) -> Case:
        """An official transfer from its opening to its end, electronically."""
        return self.walk(self.open(), TO_CLOSED)

    def actor(self, who: str, *roles: Role) -> Actor:
        account = self.accounts[who]
        with self.work.reading() as tx:
            return Actor(account, who, frozenset(roles), parties_of_account(tx, DEFINITIONS, account))


@dataclass
class Archive:
    """The engine's part, step by step as the walk has them, without the engine."""

    tools: IngestTools
    steps: Steps = field(init=False)

    def __post_init__(self) -> None:
        self.steps = Steps(self.tools)

    def take_in(self) -> list[str]:
        """Walk every delivery that waits to its end; return the documents."""
        with self.tools.work.reading() as tx:
            waiting = [batch.id for batch in tx.batches.unfinished() if batch.created_by == ISSUER]
        return [document for batch_id in waiting for document in self.walk(batch_id)]

    def walk(self, batch_id: str) -> list[str]:
        steps = self.steps
        done(steps.keep_start(batch_id))
        for chunk in steps.plan_files(batch_id):
            for file_id, ordinal in chunk:
                done(steps.split_one(file_id, ordinal))
        documents = [str(one) for one in steps.propose(batch_id)]
        for document_id in documents:
            self.keep(document_id)
        steps.finish(batch_id)
        assert isinstance(keep_batch_manifest(self.tools, batch_id), Done)
        return documents

    def keep(self, document_id: str) -> None:
        steps = self.steps
        opened = steps.open_document(document_id)
        assert opened["issued"]
        if not done(steps.adopt_whole(document_id)):
            done(steps.read_issued(document_id))
            fields = steps.describe_issued(document_id)
            kept = done(steps.deposit_issued(document_id, fields))
            steps.register_issued(document_id, fields, kept)
        steps.publish(document_id)
        steps.tidy(document_id)

    def document(self, document_id: str) -> Document:
        with self.tools.work.reading() as tx:
            return tx.documents.get(SYSTEM, document_id)

    def find(self, reader: Actor, query: str) -> Found:
        with self.tools.work.reading() as tx:
            return search(query, reader, self.tools.index, Shelf(tx))


def done(told: Json) -> Json:
    assert "done" in told, told
    return told["done"]


def a_town(world: World, folder: Path, **more: object) -> IssuingTown:
    return IssuingTown(Party(world.work), folder, **more)  # type: ignore[arg-type]
