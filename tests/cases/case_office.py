"""An office that issues documents and a branch that comments on a member, in the town of `case_town`, signing for real.

The demo authority signs what the cases say; a paper's newest bytes are then what the stores hold, as after a batch.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from procedures.asking import Ask
from procedures.case_desk import move_with_paper, prepare
from procedures.case_drawing import key_of
from procedures.cases import open_case
from procedures.number_periods import begin_term
from procedures.sign_papers import signed_key
from records.acting import PostRole
from records.case import Case, Channel, Draft, Signed, current
from records.units import System, UnitFacts, UnitLevel
from signing.appearance import System as Shown
from signing.key_table import KeyRole
from signing.keys import KeyRing
from signing.profiles import HOP_SEAL
from signing.seal import SigningService
from signing.verdict import Verdict
from signing.verify import verify_pdf
from signing.wish import Wish
from storage.blobs import Stored
from storage.units import NewUnit
from tests.cases.case_town import ARRIVAL, AWAY, Town
from tests.cases.office import seal_key
from tests.cases.party import ALWAYS, SINCE
from tests.cases.procedure_world import COMMENT_FORM, DEFINITIONS, key
from tests.cases.sealing import World, certified

SEAL = "con-dau"
DRAFTED = {"drafting": ("dept",), "issuer": ("office",)}
LETTER: dict[str, object] = {
    "type": "22",
    "subject": "rà soát tài liệu lưu trữ",
    "recipients": "- Như trên\n- Lưu: VT",
    "to": "Các ban, cơ quan\nĐảng ủy các phường",
    "body": "Đề nghị các đơn vị rà soát tài liệu.\nBáo cáo gửi về Văn phòng trước ngày 15 tháng 12 năm 2026.",
}
DECISION: dict[str, object] = {
    "type": "02",
    "subject": "về việc thành lập Tổ số hóa tài liệu",
    "recipients": "Như Điều 3\nLưu: VT",
    "competence": "CHÁNH VĂN PHÒNG THÀNH ỦY",
    "grounds": "Căn cứ chương trình năm 2026;\nXét yêu cầu công tác,",
    "body": "Điều 1. Thành lập Tổ số hóa tài liệu.\nTổ làm việc theo kế hoạch.\nCác phòng chịu trách nhiệm thi hành.",
}
TO_ISSUED = "clerk@office number, head@office sign, clerk@office seal, clerk@office issue"
TO_APPROVED = "staff@dept present, head@dept unit-approve, head@office form-pass, head@office leader-approve"
WRITTEN = {
    "duty_example": "Gương mẫu", "duty_citizen": "Thực hiện đầy đủ", "duty_meetings": "Dự đủ các kỳ họp",
    "duty_people": "Gắn bó", "duty_building": "Có ý kiến đóng góp", "strengths": "Trách nhiệm, gần dân.",
    "limits": "Không", "rating": "good",
}  # fmt: skip


@dataclass
class Offices:
    """The town with an office, its department, and keys; `go` signs for real where a move signs.

    `signers`: whose hands have keys; `sealed`: the bodies with a seal of their own, others use the office's.
    """

    town: Town
    world: World
    work_dir: Path
    signers: tuple[str, ...] = ("head@office", "secretary@far")
    sealed: tuple[str, ...] = ()
    service: SigningService = field(init=False)

    def __post_init__(self) -> None:
        facts = UnitFacts(UnitLevel.BODY, "Phòng Tổng hợp", "", "TH", "", "office")
        other = UnitFacts(UnitLevel.BODY, "Phòng Lưu trữ", "", "LT", "", "office")
        posts = (
            ("office", PostRole.HEAD, "CHÁNH VĂN PHÒNG"), ("office", PostRole.CLERK, ""),
            ("dept", PostRole.HEAD, "TRƯỞNG PHÒNG"), ("dept", PostRole.STAFF, ""), ("room", PostRole.STAFF, ""),
        )  # fmt: skip
        party = self.town.party
        with self.town.work.begin() as tx:
            city = replace(tx.units.get("city", SINCE).facts, short_name="Mẫu")
            tx.units.change("city", city, date(2025, 8, 1))
            tx.units.add_many(
                [
                    NewUnit(System.PARTY, one, SINCE, "QĐ thử", unit_id)
                    for unit_id, one in (("dept", facts), ("room", other))
                ]
            )
            for unit, role, title in posts:
                self.town.accounts[f"{role}@{unit}"] = party.holder(tx, unit, role, ALWAYS, title)
            begin_term(tx, "system:test", "office", "Nhiệm kỳ 2025–2030", SINCE)
            names = {who: tx.accounts.get(self.town.accounts[who]).name for who in self.signers}
            bodies = {unit: tx.units.get(unit, SINCE).name for unit in self.sealed}
        made = {
            who: seal_key(who, KeyRole.OFFICIAL, *certified(self.world.folder, names[who])) for who in names
        }
        made[SEAL] = seal_key(SEAL, KeyRole.SEAL, *certified(self.world.folder, "Văn phòng Thành ủy Mẫu"))
        for unit, name in bodies.items():
            made[f"{SEAL}-{unit}"] = seal_key(
                f"{SEAL}-{unit}", KeyRole.SEAL, *certified(self.world.folder, name)
            )
        ring = KeyRing(
            {"archive": self.world.ring.get(), **made},
            self.world.ring.revocation,
            "archive",
            tuple(self.world.roots),
        )
        self.service = SigningService(ring, self.world.tsa, self.world.clock, self.world.roots)

    def open_document(self, values: dict[str, object], who: str = "staff@dept") -> Case:
        ask = Ask("open", key(), bodies=DRAFTED, values=values)
        return open_case(self.town.desk.tools, self.town.person(who), "outgoing-document", ask)

    def open_comment(self, **values: object) -> Case:
        ask = Ask("open", key(), bodies={"work-branch": ("branch",)}, values=COMMENT_FORM | values)
        town = self.town
        return open_case(town.desk.tools, town.person("lan"), "residence-comment", ask, town.member)

    def draft(self, path: Path) -> Draft:
        """A file as if it had been handed in."""
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        stored = self.town.blobs.put_once(f"received/{sha256[:2]}/{sha256}.pdf", path, sha256)
        assert isinstance(stored, Stored)
        return Draft(path.name, f"received/{sha256[:2]}/{sha256}.pdf", sha256, len(data))

    def go(self, who: str, case: Case, move: str, **parts: object) -> Case:
        way = AWAY if case.procedure == "temporary-transfer" else ARRIVAL
        if case.member_id and "bodies" not in parts and move in way:
            parts["bodies"] = way[move]
        ask = Ask(move, key(), **{"comment": "Đồng ý", **parts})  # type: ignore[arg-type]
        signs = DEFINITIONS.get(case.procedure, case.version).moves[move].signs
        if signs and ask.channel is Channel.ELECTRONIC and not ask.signed:
            signed, words = self.sign(who, case, ask, signs[0])
            ask = replace(ask, signed=(signed,), words_sha256=words)
        person = self.town.person(who)
        return move_with_paper(self.town.desk, person, case.id, case.revision, ask)

    def walk(self, case: Case, steps: str) -> Case:
        for step in steps.split(","):
            who, move = step.split()
            case = self.go(who, case, move)
        return case

    def sign(self, who: str, case: Case, ask: Ask, profile: str) -> tuple[Signed, str]:
        """Sign what the move would sign, as a batch does, and keep it; also the hash of a box's words."""
        town = self.town
        ready = prepare(town.desk, town.person(who), case.id, case.revision, ask)
        if ready.kept is not None:
            with town.work.begin() as tx:
                ready.kept.enter(tx)
            before, source = ready.kept.sha256, ready.kept.key
        else:
            paper = current(case)
            assert paper is not None
            before, source = paper.sha256, key_of(paper)
        first, out = self.work_dir / f"{before}.pdf", self.work_dir / f"{before}-{profile}.pdf"
        first.unlink(missing_ok=True)
        out.unlink(missing_ok=True)
        town.blobs.copy_out(source, first, before)
        unit = who.partition("@")[2]
        seal = f"{SEAL}-{unit}" if unit in self.sealed else SEAL
        wish = Wish(Shown.PARTY) if ready.box is None else ready.box.wish(profile)
        signer = seal if profile in ("seal", HOP_SEAL) else who
        made = self.service.seal(first, out, profile, signer, case.id, visible=wish)
        stored = town.blobs.put_once(signed_key(made.sha256), out, made.sha256)
        assert isinstance(stored, Stored)
        return Signed(profile, before, made.sha256, f"s-{profile}-{before[:8]}"), ready.ask.words_sha256

    def newest(self, case: Case) -> Path:
        """The paper of a case as it stands, out of the stores."""
        paper = current(case)
        assert paper is not None
        path = self.work_dir / f"newest-{paper.sha256}.pdf"
        path.unlink(missing_ok=True)
        self.town.blobs.copy_out(key_of(paper), path, paper.sha256)
        return path

    def verdict(self, case: Case) -> Verdict:
        return verify_pdf(self.newest(case), self.world.roots, "van-ban.pdf")
