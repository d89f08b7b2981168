"""A whole certificate authority on loopback for tests: certomancer's server, with a switch for every way it may fail.

    with PkiServer(folder) as pki:
        pki.certificate("official"), pki.key("official")          # see PEOPLE for the labels
        pki.manners.ocsp = "down"                                 # and what OCSP_MANNERS, CRL_… and TSA_… name
        pki.calls("ocsp")                                         # seen since forget()

Root -> issuing authority -> people, units, time stamps; revocation lists, OCSP and issuers' certificates at the
addresses that the certificates name. Keys are made anew each time and lie in `folder` only.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import core, ocsp, pem, tsp, x509
from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, KeyLabel, ServiceLabel
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from werkzeug.serving import WSGIRequestHandler, make_server

ARCH = "pki"
TSA_POLICY = "1.3.6.1.4.1.4146.2.3"  # what certomancer's time stamps stand under

OCSP_MANNERS = ("good", "down", "slow", "revoked", "unknown", "stale", "garbage", "stranger", "large")
CRL_MANNERS = ("good", "down", "slow", "stale", "garbage", "large", "elsewhere")
TSA_MANNERS = (
    "good", "down", "slow", "drip", "refused", "garbage", "large", "imprint", "nonce", "purpose", "stranger",
    "forged", "days-off",
)  # fmt: skip

PEOPLE = {
    "official": "Nguyễn Văn An",
    "unit": "Ủy ban nhân dân xã Phú Hội",
    "archive": "Trung tâm lưu trữ Phú Hội",
    "revoked": "Trần Thị Bình",
    "expired": "Lê Văn Cường",
    "ending": "Phạm Thị Dung",
    "early": "Võ Văn Giàu",
    "weak": "Hoàng Văn Em",
    "ec": "Đỗ Thị Phượng",
    "server": "may-chu.phu-hoi.example",
    "crl-only": "Bùi Văn Hải",
}
_KEYS = ("root", "ca", "ocsp", "tsa", "tsa-plain", "other-root", "other-tsa", *PEOPLE)


@dataclass
class Manners:
    """How each service behaves from now on; `seconds` is how long a slow one takes."""

    ocsp: str = "good"
    crl: str = "good"
    tsa: str = "good"
    seconds: float = 30.0


@dataclass
class PkiServer:
    """The authority and its server, which runs in a thread while the `with` block lasts."""

    folder: Path
    manners: Manners = field(default_factory=Manners)

    def __enter__(self) -> "PkiServer":
        self._seen: list[str] = []
        self._closing = threading.Event()
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_QuietHandler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        keys = self.folder / "keys"
        keys.mkdir(parents=True)
        for name in _KEYS:
            (keys / f"{name}.pem").write_bytes(_new_key(name))
        config = CertomancerConfig(_config(self.url), str(keys))
        # the address is ours to choose only now that the port is known
        self._arch = config.get_pki_arch(ArchLabel(ARCH))
        self._animator = Animator(AnimatorArchStore({ArchLabel(ARCH): self._arch}), with_web_ui=False)
        self.roots = self.folder / "roots.pem"
        self.roots.write_bytes(_pem(self.certificate("root")))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def certificate(self, label: str) -> x509.Certificate:
        return self._arch.get_cert(CertLabel(label))

    def key(self, label: str) -> Any:
        """Return the private key of a certificate, as `cryptography` has it."""
        return load_der_private_key(self._arch.key_set.get_private_key(KeyLabel(label)).dump(), None)

    @property
    def tsa_url(self) -> str:
        return f"{self.url}/{ARCH}/tsa/tsa"

    def behave(self) -> None:
        """Let everything be good again and count calls from zero."""
        self.manners = Manners()
        self.forget()

    def pem_lists(self) -> bytes:
        """Return the revocation lists in force as PEM, as an operator would bring them by hand."""
        services, now = self._arch.service_registry, datetime.now(UTC)
        lists = (services.get_crl(ServiceLabel(label), now) for label in ("root-crl", "ca-crl"))
        return b"".join(pem.armor("X509 CRL", one.dump()) for one in lists)

    def forget(self) -> None:
        self._seen = []

    def calls(self, kind: str) -> int:
        """Return how many calls to `ocsp`, `crls`, `certs`, `tsa` or any other path came in since `forget`."""
        return sum(part == kind for path in self._seen for part in path.split("/"))

    # --- the server's side

    def _serve(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self._seen.append(path)
        kind = path.split("/")[2] if path.count("/") > 2 else ""
        bent = {"ocsp": self._ocsp, "crls": self._crl, "tsa": self._tsa}.get(kind)
        manner = getattr(self.manners, {"crls": "crl"}.get(kind, kind), "good")
        if bent is None or manner == "good":
            return self._animator(environ, start)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if manner == "elsewhere":
            start("302 Found", [("Location", f"http://127.0.0.2:{self.port}{path}")])
            return []
        if manner == "down":
            start("503 Service Unavailable", [])
            return []
        if manner == "slow":
            self._closing.wait(self.manners.seconds)
        answer = {"garbage": b"\x30\x82\x01\x00<html>bao tri</html>", "large": bytes(30 << 20)}.get(manner)
        if answer is None:
            answer = bent(path.split("/")[3], body, manner)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
        return self._drip(answer) if manner == "drip" else [answer]

    def _drip(self, answer: bytes) -> Iterator[bytes]:
        for number in range(len(answer)):
            self._closing.wait(self.manners.seconds / len(answer))
            yield answer[number : number + 1]

    def _ocsp(self, label: str, body: bytes, manner: str) -> bytes:
        now = datetime.now(UTC) - timedelta(days=2 if manner == "stale" else 0)
        responder = self._arch.service_registry.summon_responder(ServiceLabel(label), now)
        if manner in ("revoked", "unknown"):
            responder.revinfo_interface = _Says(manner, responder.revinfo_interface)
        if manner == "stranger":  # a certificate of the same authority, but not one for answering
            responder.responder_cert = self.certificate("official")
            responder.responder_key = self._arch.key_set.get_private_key(KeyLabel("official"))
        return responder.build_ocsp_response(ocsp.OCSPRequest.load(body)).dump()

    def _crl(self, label: str, body: bytes, manner: str) -> bytes:
        now = datetime.now(UTC) - timedelta(days=30 if manner == "stale" else 0)
        return self._arch.service_registry.get_crl(ServiceLabel(label), now).dump()

    def _tsa(self, label: str, body: bytes, manner: str) -> bytes:
        asked = tsp.TimeStampReq.load(body)
        if manner == "refused":
            status = {"status": "rejection", "fail_info": {"unaccepted_policy"}, "status_string": ["quota"]}
            return core.SequenceOf([tsp.PKIStatusInfo(status)], spec=tsp.PKIStatusInfo).dump()
        label = {"purpose": "tsa-plain", "stranger": "other-tsa"}.get(manner, label)
        now = datetime.now(UTC) + timedelta(days=2 if manner == "days-off" else 0)
        authority = self._arch.service_registry.summon_timestamper(ServiceLabel(label), now)
        if manner == "imprint":
            asked["message_imprint"]["hashed_message"] = bytes(32)
        elif manner == "nonce":
            asked["nonce"] = 1
        elif manner == "forged":
            authority.tsa_key = self._arch.key_set.get_private_key(KeyLabel("official"))
        return authority.request_tsa_response(asked).dump()


class _Says:
    """Answers one status for whatever is asked."""

    def __init__(self, status: str, real: Any) -> None:
        self._status, self._real = status, real

    def get_issuer_cert(self) -> x509.Certificate:
        return self._real.get_issuer_cert()

    def check_revocation_status(self, cid: Any, at_time: datetime) -> tuple[ocsp.CertStatus, list[Any]]:
        if self._status == "unknown":
            return ocsp.CertStatus(name="unknown", value=core.Null()), []
        told = {"revocation_time": at_time - timedelta(hours=1), "revocation_reason": "key_compromise"}
        return ocsp.CertStatus(name="revoked", value=ocsp.RevokedInfo(told)), []


class _QuietHandler(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None:
        pass


def _new_key(name: str) -> bytes:
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if name == "ec"
        else rsa.generate_private_key(public_exponent=65537, key_size=1024 if name == "weak" else 2048)
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem(certificate: x509.Certificate) -> bytes:
    from asn1crypto import pem

    return pem.armor("CERTIFICATE", certificate.dump())


def _config(url: str) -> dict[str, Any]:
    now = datetime.now(UTC).replace(microsecond=0)

    def life(begins: float, ends: float) -> dict[str, str]:
        return {
            "valid-from": (now + timedelta(days=begins)).isoformat(),
            "valid-to": (now + timedelta(days=ends)).isoformat(),
        }

    def usage(*names: str) -> dict[str, Any]:
        return {
            "id": "key_usage",
            "critical": True,
            "smart-value": {"schema": "key-usage", "params": list(names)},
        }

    def purpose(name: str) -> dict[str, Any]:
        return {"id": "extended_key_usage", "critical": True, "value": [name]}

    def lists(repo: str) -> dict[str, Any]:
        return {
            "id": "crl_distribution_points",
            "smart-value": {"schema": "crl-dist-url", "params": {"crl-repo-names": [repo]}},
        }

    def access(service: str, repo: str) -> dict[str, Any]:
        params = {"ocsp-responder-names": [service], "ca-issuer-links": [{"repo": repo}]}
        return {
            "id": "authority_information_access",
            "smart-value": {"schema": "aia-urls", "params": params},
        }

    def leaf(label: str, *extensions: dict[str, Any], issuer: str = "ca", **more: Any) -> dict[str, Any]:
        both = [lists(f"{issuer}-crl"), access(f"{issuer}-ocsp", f"{issuer}-certs")]
        made = {
            "subject": label,
            "subject-key": label,
            "issuer": issuer,
            "authority-key": issuer,
            "validity": life(-300, 700),
            "extensions": [*extensions, *(both if issuer in ("root", "ca") else [])],
        }
        return {**made, **{name.replace("_", "-"): value for name, value in more.items()}}

    sign = usage("digital_signature", "non_repudiation")
    authority = {"id": "basic_constraints", "critical": True, "value": {"ca": True}}
    keeper = usage("key_cert_sign", "crl_sign")
    certificates = {
        "root": leaf("root", authority, keeper, issuer="root", validity=life(-1000, 7000)),
        "other-root": leaf("other-root", authority, keeper, issuer="other-root", validity=life(-1000, 7000)),
        "ca": leaf("ca", authority, keeper, issuer="root", validity=life(-900, 3000)),
        "ocsp": leaf("ocsp", purpose("ocsp_signing"), usage("digital_signature"), {"id": "ocsp_no_check"}),
        "root-ocsp": leaf(
            "root-ocsp", purpose("ocsp_signing"), usage("digital_signature"), {"id": "ocsp_no_check"},
            issuer="root", subject_key="ocsp",
        ),
        "tsa": leaf("tsa", usage("digital_signature"), purpose("time_stamping"), validity=life(-300, 3000)),
        "tsa-plain": leaf("tsa-plain", usage("digital_signature")),
        "other-tsa": leaf("other-tsa", usage("digital_signature"), purpose("time_stamping"), issuer="other-root"),
        **{name: leaf(name, sign) for name in ("official", "unit", "archive", "weak", "ec")},
        "revoked": leaf(
            "revoked", sign,
            revocation={"revoked-since": (now - timedelta(days=100)).isoformat(), "reason": "key_compromise"},
        ),
        "expired": leaf("expired", sign, validity=life(-300, -1)),
        "ending": leaf("ending", sign, validity=life(-300, 20)),
        "early": leaf("early", sign, validity=life(3, 700)),
        "server": leaf("server", usage("key_encipherment"), purpose("server_auth")),
        "crl-only": leaf("crl-only", sign),
    }  # fmt: skip
    certificates["root"]["extensions"] = [authority, keeper]
    certificates["crl-only"]["extensions"] = [sign, lists("ca-crl")]
    organisation = {"country-name": "VN", "organization-name": "Cơ quan thử nghiệm"}
    names = {**{name: f"Thử nghiệm {name}" for name in (*_KEYS, "root-ocsp")}, **PEOPLE}
    return {
        "external-url-prefix": url,
        "keysets": {"all": {"keys": {name: {"path": f"{name}.pem"} for name in _KEYS}}},
        "pki-architectures": {
            ARCH: {
                "keyset": "all",
                "entity-defaults": organisation,
                "entities": {name: {"common-name": told} for name, told in names.items()},
                "certs": certificates,
                "services": _services(),
            }
        },
    }


def _services() -> dict[str, Any]:
    lists = {"simulated-update-schedule": "P1D"}
    return {
        "ocsp": {
            "ca-ocsp": {"for-issuer": "ca", "responder-cert": "ocsp", "signing-key": "ocsp"},
            "root-ocsp": {
                "for-issuer": "root",
                "issuer-cert": "root",
                "responder-cert": "root-ocsp",
                "signing-key": "ocsp",
            },
        },
        "crl-repo": {
            "ca-crl": {"for-issuer": "ca", "signing-key": "ca", **lists},
            "root-crl": {"for-issuer": "root", "issuer-cert": "root", "signing-key": "root", **lists},
        },
        "cert-repo": {
            "ca-certs": {"for-issuer": "ca", "issuer-cert": "ca"},
            "root-certs": {"for-issuer": "root", "issuer-cert": "root"},
        },
        "time-stamping": {
            name: {"signing-cert": name, "signing-key": name, "certs-to-embed": ["ca"]}
            for name in ("tsa", "tsa-plain", "other-tsa")
        },
    }
