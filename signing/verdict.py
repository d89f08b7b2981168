"""The words in which a signature check answers: values, JSON, and the Vietnamese sentence for each reason."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from records.clock import vietnam_iso


class Answer(StrEnum):
    """The verdict on a file: the worst over all its signatures (reference reliability §5, ETSI EN 319 102-1)."""

    VALID = "VALID"
    VALID_LATER_CHANGES = "VALID_LATER_CHANGES"
    INDETERMINATE = "INDETERMINATE"
    INVALID = "INVALID"
    UNSIGNED = "UNSIGNED"


_RANK = [Answer.VALID, Answer.VALID_LATER_CHANGES, Answer.INDETERMINATE, Answer.INVALID]


@dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion: an answer, its stable reason code, and what to put into the sentence."""

    answer: Answer
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One object changed after a signature: revision of the file (1 is the oldest), object number (`12 0`), machine
    code (the keys of `signing.changes.WORDS`), where (page number, field name or key), and a Vietnamese sentence.
    """

    revision: int
    object: str
    code: str
    where: str
    tell: str


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What is known of one signature or document time stamp. Empty strings where nothing is known.

    `level`: `PAdES-BASELINE-B|T|LT|LTA` (or `PKCS7-…`, or `TIMESTAMP`). `signed_at`: the proven time (`time_source`
    `time-stamp`) or the signer's own claim (`claimed`). `coverage`: `entire-file`, `entire-revision` or `partial`.
    `changes`: what came after: `none`, `lta-updates`, `signatures`, `form-filling`, `annotations`, `other`;
    `later_changes` names it object by object. `certified`: it restricts later changes (DocMDP). `intact`: the signed
    bytes and the signature agree. `trusted`: the chain ends in a configured root and was good at signing time.
    `demo`: the certificate says DEMO, so the signature has no legal force.
    """

    field: str
    kind: str
    verdict: Answer
    reason: str
    tell: str
    signer: str = ""
    organisation: str = ""
    serial: str = ""
    issuer: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    signed_at: datetime | None = None
    time_source: str = ""
    level: str = ""
    algorithm: str = ""
    coverage: str = ""
    changes: str = ""
    intact: bool = False
    trusted: bool = False
    demo: bool = False
    certified: bool = False
    later_changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer on a whole file. `reason` is a stable code, `tell` its Vietnamese sentence, `detail` for the log."""

    file: str
    verdict: Answer
    reason: str
    tell: str
    signatures: tuple[SignatureReport, ...] = ()
    sha256: str = ""
    detail: str = ""

    @property
    def level(self) -> str:
        """Level of the last regular signature, or an empty string."""
        regular = [s.level for s in self.signatures if s.kind == "signature"]
        return regular[-1] if regular else ""


def worst(findings: list[Finding]) -> Finding:
    """Return the gravest finding (the first of equals); `INVALID` outranks `INDETERMINATE`."""
    return max(findings, key=lambda f: (_RANK.index(f.answer), -findings.index(f)))


_SENTENCES = {
    "ok": "Chữ ký số hợp lệ. Nội dung tài liệu không thay đổi kể từ khi ký.",
    "unsigned": "Tệp không có chữ ký số.",
    "later-changes": "Chữ ký hợp lệ cho bản đã ký, nhưng sau đó tệp có thay đổi được phép ({detail}). "
    "Hãy xem bản đã ký trước khi dùng.",
    "appended": "Có dữ liệu được ghi thêm sau chữ ký cuối cùng; phần thêm không được ký bảo vệ. "
    "Hãy lấy lại tệp gốc từ nơi gửi.",
    "appended-archive": "Có dữ liệu ghi thêm sau dấu thời gian lưu trữ. Phần đã ký vẫn nguyên vẹn; "
    "chỉ dùng bản đã ký.",
    "validation-data-later": "Chữ ký hợp lệ. Sau chữ ký chỉ có dữ liệu xác minh (DSS) được ghi thêm, "
    "nhưng phần này chưa được chữ ký hay dấu thời gian nào bảo vệ. Hãy bổ sung dấu thời gian lưu trữ.",
    "signature-removed": "Tệp từng có chữ ký số khác nhưng chữ ký đó đã bị gỡ khỏi tài liệu. Không dùng tài liệu này.",
    "only-time-stamp": "Tệp chỉ có dấu thời gian, không có chữ ký của người hay cơ quan nào.",
    "certified-late": "Tệp có chữ ký chứng nhận (DocMDP) đặt sau chữ ký khác, trái với chuẩn PDF. "
    "Không dùng tài liệu này.",
    "certification": "Chữ ký chứng nhận ghi ở gốc tài liệu không phải là chữ ký nào trong tệp. "
    "Không dùng tài liệu này.",
    "not-drawn": "Chưa đủ căn cứ kết luận: không hiển thị được tệp trong giới hạn cho phép để so với bản đã ký "
    "({detail}). Hãy xin lại tệp từ nơi gửi.",
    "hash-mismatch": "Tài liệu đã bị sửa đổi sau khi ký (mã băm không khớp).",
    "signature-broken": "Chữ ký không do khóa của chứng thư đi kèm tạo ra. Không dùng tài liệu này.",
    "changes-not-allowed": "Có thay đổi ngoài phạm vi cho phép sau chữ ký số: {detail}.",
    "looks-different": "Nội dung hiển thị khác với bản đã ký (trang {detail}). Không dùng tài liệu này.",
    "coverage": "Chữ ký không bao trùm toàn bộ tài liệu.",
    "byte-range": "Vùng ký của tệp không đúng chuẩn, có dấu hiệu bị can thiệp.",
    "container": "Khối chữ ký không đúng chuẩn, có dấu hiệu bị can thiệp.",
    "malformed": "Tệp PDF sai cấu trúc nên chưa đủ căn cứ kết luận về chữ ký. Hãy xin lại tệp từ nơi gửi.",
    "not-a-pdf": "Tệp không phải là PDF nên không có chữ ký để kiểm tra.",
    "empty-file": "Tệp rỗng.",
    "unreadable": "Không đọc được tệp. Kiểm tra đường dẫn và quyền đọc.",
    "encrypted": "Tệp PDF đặt mật khẩu nên chưa kiểm tra được chữ ký.",
    "not-trusted": "Chưa đủ căn cứ kết luận: chứng thư không thuộc danh mục tin cậy của hệ thống.",
    "chain": "Chưa đủ căn cứ kết luận: không xác minh được chuỗi chứng thư ({detail}).",
    "expired": "Chứng thư đã hết hạn hoặc chưa có hiệu lực và chữ ký không có dấu thời gian chứng minh thời điểm ký.",
    "time-stamp-expired": "Chứng thư của dấu thời gian cuối cùng đã hết hạn; "
    "tệp cần được gia hạn dấu thời gian lưu trữ.",
    "time-stamp": "Dấu thời gian của chữ ký không hợp lệ.",
    "time-stamp-missing": "Con dấu lưu trữ của tệp này luôn đi kèm dấu thời gian lưu trữ, "
    "nhưng dấu đó không còn. Tệp đã bị cắt bớt.",
    "time-order": "Các mốc thời gian trong tệp mâu thuẫn với nhau.",
    "revoked": "Chứng thư số đã bị thu hồi trước thời điểm ký ({detail}).",
    "no-revocation-data": "Chưa đủ căn cứ kết luận: không có dữ liệu kiểm tra tình trạng thu hồi của chứng thư "
    "tại thời điểm ký.",
    "weak-algorithm": "Chữ ký dùng thuật toán hoặc độ dài khóa không còn an toàn ({detail}).",
    "key-usage": "Chứng thư không được cấp để ký tài liệu.",
    "unsupported": "Chưa hỗ trợ kiểm tra dạng chữ ký này ({detail}).",
    "error": "Chưa kiểm tra được chữ ký vì tệp có cấu trúc bất thường. Hãy báo quản trị viên.",
}


def sentence(finding: Finding) -> str:
    """Return the Vietnamese sentence of a finding: what, why, what to do."""
    return _SENTENCES.get(finding.code, _SENTENCES["error"]).format(detail=finding.detail or "không rõ")


def _plain(value: Any) -> Any:
    return vietnam_iso(value) if isinstance(value, datetime) else value


def verdict_to_json(value: Verdict) -> dict[str, Any]:
    """Return `verify --json` (design §7) as a plain dict; times are ISO 8601 with `+07:00`."""
    return {
        "file": value.file,
        "verdict": value.verdict.value,
        "reason": value.reason,
        "tell": value.tell,
        "sha256": value.sha256,
        "level": value.level,
        "signatures": [{k: _plain(v) for k, v in asdict(report).items()} for report in value.signatures],
    }
