"""What an operator may choose about signing, checked before anything is signed."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from records.errors import ArchiveFault


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """Where the keys lie and who gives the time.

    `keys`: folder made by `create_demo_pki`. `tsa_url`: address of an RFC 3161 authority; empty means the built-in
    demo authority. `tsa_timeout`: seconds one request may take (public authorities were seen to need 131 s).
    `trust`: PEM files with the roots that our own check trusts; empty means the demo root.
    """

    keys: Path
    tsa_url: str = ""
    tsa_timeout: float = 180.0
    trust: tuple[Path, ...] = ()

    def check(self) -> "SigningOptions":
        """Return these options; raise `ArchiveFault` (`signing-settings`) when they make no sense."""
        if self.tsa_url:
            address = urlsplit(self.tsa_url)
            if address.scheme not in ("http", "https") or not address.hostname or address.username:
                raise ArchiveFault(
                    "the time-stamp address must be http(s) without a user name",
                    code="signing-settings",
                    tell="Địa chỉ máy chủ dấu thời gian không đúng. Hãy ghi dạng http://máy-chủ/đường-dẫn.",
                )
        if self.tsa_timeout <= 0:
            raise ArchiveFault(
                f"tsa_timeout={self.tsa_timeout}",
                code="signing-settings",
                tell="Thời gian chờ dấu thời gian phải lớn hơn 0 giây.",
            )
        return self
