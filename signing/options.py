"""What an operator may choose about signing, checked before anything is signed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from records.errors import ArchiveFault

if TYPE_CHECKING:
    from signing.fetching import Door

_ROOTS = "roots.pem"  # `demo_pki.ROOTS`, which would bring the cryptography with it


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """Where the keys lie and who gives the time.

    `keys`: folder made by `create_demo_pki`. `tsa_url`: address of an RFC 3161 authority; empty means the built-in
    demo authority. `tsa_timeout`: seconds one request may take (public authorities were seen to need 131 s).
    `tsa_policies`: the policies (dotted numbers) a time stamp may stand under; empty means any.
    `trust`: PEM files with the roots that our own check trusts; empty means `roots.pem` beside the keys.
    `places`: addresses revocation data may be fetched from, `inside`: networks of our own that names among them may
    stand for (`signing.fetching`); without places nothing is fetched.
    """

    keys: Path
    tsa_url: str = ""
    tsa_timeout: float = 180.0
    tsa_policies: tuple[str, ...] = ()
    trust: tuple[Path, ...] = ()
    places: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()

    @property
    def roots(self) -> tuple[Path, ...]:
        """The PEM files that are trusted."""
        return self.trust or (self.keys / _ROOTS,)

    def door(self) -> "Door":
        """Return the way to revocation data. Raises `ArchiveFault` (`signing-settings`)."""
        from signing.fetching import Door, networks_of, places_of  # every command reads settings, few go out

        return Door(places_of(self.places), networks_of(self.inside))

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
        self.door()
        return self
