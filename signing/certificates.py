"""Decide before signing whether a certificate may sign at all, and tell in time which ones end.

A signature made with an expired, revoked or weak certificate is worth nothing, and nobody notices until a court asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import x509

from records.clock import VIETNAM
from records.errors import ArchiveFault, Away
from signing.keys import SealKey
from signing.trust import weak_key, weakness

WATCHED_DAYS = (60, 30, 7)
"""Days before the end at which a certificate is named: time to order a new one, to fetch it, to hurry."""

_REASONS = {
    "unspecified": "không nêu",
    "key_compromise": "lộ khóa",
    "ca_compromise": "lộ khóa của tổ chức cấp chứng thư",
    "affiliation_changed": "thay đổi thông tin đơn vị",
    "superseded": "đã thay chứng thư khác",
    "cessation_of_operation": "ngừng sử dụng",
    "certificate_hold": "tạm đình chỉ",
    "privilege_withdrawn": "thu hồi thẩm quyền",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """A key whose certificate ends soon: when, how many whole days are left (negative: over), and the step reached.

    `step` is the smallest of `WATCHED_DAYS` that has been passed, 0 when the certificate has ended.
    """

    key: str
    subject: str
    unit: str
    ends: datetime
    days: int
    step: int


def expiry_watch(keys: Iterable[SealKey], now: datetime) -> list[Ending]:
    """Return the keys whose certificates end within 60 days or have ended, the most urgent first."""
    found = []
    for key in keys:
        left = key.good_until - now
        steps = [days for days in WATCHED_DAYS if left <= timedelta(days=days)]
        if steps:
            step = 0 if left < timedelta(0) else min(steps)
            subject = key.certificate.subject.human_friendly
            found.append(Ending(key.name, subject, key.unit, key.good_until, left.days, step))
    return sorted(found, key=lambda ending: (ending.ends, ending.key))


def demand_usable(certificate: x509.Certificate, chain: Iterable[x509.Certificate], at: datetime) -> None:
    """Refuse a certificate that may not sign, as far as it says so itself.

    Raises `ArchiveFault`: `certificate-not-yet-valid`, `certificate-expired`, `certificate-weak`,
    `certificate-key-usage`.
    """
    demand_in_force(certificate, at)
    for one in (certificate, *chain):
        _demand_strong(one)
    _demand_usage(certificate)


def demand_in_force(certificate: x509.Certificate, at: datetime) -> None:
    """Raise `ArchiveFault` (`certificate-not-yet-valid`, `certificate-expired`) when `at` is outside its life."""
    begins, ends = certificate.not_valid_before, certificate.not_valid_after
    if at < begins:
        raise ArchiveFault(
            f"{_named(certificate)} begins {begins}",
            code="certificate-not-yet-valid",
            tell=f"Chứng thư của {_holder(certificate)} chỉ có hiệu lực từ {_day(begins)} nên chưa ký được. "
            "Kiểm tra đồng hồ máy chủ, hoặc đợi đến ngày đó.",
        )
    if at > ends:
        raise ArchiveFault(
            f"{_named(certificate)} ended {ends}",
            code="certificate-expired",
            tell=f"Chứng thư của {_holder(certificate)} đã hết hạn ngày {_day(ends)} nên không ký được. "
            "Hãy gia hạn hoặc xin cấp chứng thư mới.",
        )


def _demand_strong(certificate: x509.Certificate) -> None:
    weak = weak_key(certificate)
    if (
        not weak and certificate.subject != certificate.issuer
    ):  # a root's signature over itself proves nothing
        weak = weakness("", certificate["signature_algorithm"], certificate)
    if weak:
        raise ArchiveFault(
            f"{_named(certificate)}: {weak}",
            code="certificate-weak",
            tell=f"Chứng thư của {_holder(certificate)} dùng thuật toán không còn an toàn ({weak}) nên không ký được. "
            "Hãy xin cấp chứng thư RSA từ 2048 bit với SHA-256 trở lên.",
        )


def _demand_usage(certificate: x509.Certificate) -> None:
    usage, extended = certificate.key_usage_value, certificate.extended_key_usage_value
    stamping = extended is not None and "time_stamping" in extended.native
    signing = usage is None or {"digital_signature", "non_repudiation"} & set(usage.native)
    if certificate.ca or stamping or not signing:
        raise ArchiveFault(
            f"{_named(certificate)} is not for signing papers",
            code="certificate-key-usage",
            tell=f"Chứng thư của {_holder(certificate)} không được cấp để ký tài liệu. Hãy chọn chứng thư ký số khác.",
        )


def revoked(detail: str, moment: str, reason: str | None) -> ArchiveFault:
    """Return the fault of a revoked chain; `moment` as people read it, `reason` in the words of RFC 5280 §5.3.1."""
    why = _REASONS.get(reason or "unspecified", reason or "")
    return ArchiveFault(
        detail,
        code="certificate-revoked",
        tell=f"Chứng thư số đã bị thu hồi lúc {moment} (lý do: {why}) nên không ký được. "
        "Hãy liên hệ tổ chức cấp chứng thư.",
    )


def unknown(certificate: x509.Certificate, detail: str) -> ArchiveFault:
    """Return the fault of a certificate its own authority does not know."""
    return ArchiveFault(
        f"{_named(certificate)}: {detail}",
        code="certificate-unknown",
        tell=f"Tổ chức cấp chứng thư trả lời không biết chứng thư của {_holder(certificate)} nên không ký được. "
        "Không dùng chứng thư này; hãy báo quản trị viên.",
    )


def not_trusted(certificate: x509.Certificate, detail: str) -> ArchiveFault:
    """Return the fault of a chain that leads to no configured root, or breaks a rule on the way."""
    return ArchiveFault(
        f"{_named(certificate)}: {detail}"[:500],
        code="certificate-not-trusted",
        tell=f"Chứng thư của {_holder(certificate)} không dẫn đến gốc tin cậy nào đã khai nên không ký được. "
        "Hãy bổ sung chứng thư trung gian hoặc gốc.",
    )


def revocation_away(detail: str) -> Away:
    """Return the fault of a revocation state that nobody proves now."""
    return Away(
        detail[:500],
        code="revocation-away",
        tell="Chờ kiểm tra thu hồi: tổ chức cấp chứng thư chưa trả lời về tình trạng chứng thư. "
        "Tài liệu chưa được ký và không bị thay đổi; hệ thống sẽ thử lại.",
    )


def _named(certificate: x509.Certificate) -> str:
    return f"certificate {certificate.serial_number:x} of {certificate.subject.human_friendly}"


def _holder(certificate: x509.Certificate) -> str:
    name = certificate.subject.native.get("common_name")
    return f"“{name}”" if isinstance(name, str) else "khóa ký"


def _day(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y")
