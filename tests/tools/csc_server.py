"""A small but real remote signing service: CSC API v1 (1.0.4.0) over HTTP on loopback, with a real key behind it."""

import json
import secrets
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

CREDENTIAL, PIN, TOKEN = "vt-0001", "8462-quê", "bearer-7f3a"
_RSA, _ECDSA = "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"
_HASHES = {"2.16.840.1.101.3.4.2.1": hashes.SHA256(), "2.16.840.1.101.3.4.2.2": hashes.SHA384()}


class Refused(Exception):
    """Answered with an HTTP status and the error of the standard (§10.1)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.answer = status, {"error": error, "error_description": description}


@dataclass
class Service:
    """One credential. Whatever a test turns about it is a plain attribute; `asked` is what came in."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    status: str = "enabled"
    sad_seconds: float = 300.0
    tries: int = 3
    redirect: str = ""
    broken: bool = False
    silent: float = 0.0
    flip: bool = False
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    sads: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    url: str = ""

    def calls(self, name: str) -> int:
        return sum(call == name for call, _ in self.asked)

    def answer(self, call: str, wish: dict[str, object], bearer: str) -> dict[str, object]:
        if bearer != f"Bearer {TOKEN}":
            raise Refused(401, "invalid_token", "The access token is not valid")
        if wish.get("credentialID") != CREDENTIAL:
            raise Refused(400, "invalid_request", "Invalid parameter credentialID")
        return {
            "credentials/info": self.info,
            "credentials/authorize": self.authorize,
            "signatures/signHash": self.sign,
        }[call](wish)

    def info(self, _: dict[str, object]) -> dict[str, object]:
        algorithms = [_RSA] if isinstance(self.key, rsa.RSAPrivateKey) else [_ECDSA]
        return {
            "key": {"status": self.status, "algo": algorithms, "len": self.key.key_size},
            "cert": {"status": "valid", "certificates": [b64encode(self.certificate.dump()).decode()]},
            "authMode": "explicit",
            "SCAL": "2",
            "multisign": 10,
        }

    def authorize(self, wish: dict[str, object]) -> dict[str, object]:
        if self.tries == 0:
            raise Refused(400, "invalid_pin", "The PIN is locked")
        if wish.get("PIN") != PIN:
            self.tries -= 1
            raise Refused(400, "invalid_pin", f"The PIN {wish.get('PIN')} is invalid")
        self.tries = 3
        if wish.get("numSignatures") != len(wish["hash"]):
            raise Refused(400, "invalid_request", "Invalid parameter numSignatures")
        sad = secrets.token_urlsafe(32)
        self.sads[sad] = (time.monotonic() + self.sad_seconds, list(wish["hash"]))
        return {"SAD": sad, "expiresIn": int(self.sad_seconds)}

    def sign(self, wish: dict[str, object]) -> dict[str, object]:
        until, allowed = self.sads.pop(str(wish.get("SAD")), (0.0, []))
        if time.monotonic() > until:
            raise Refused(400, "invalid_request", "SAD expired")
        if wish["hash"] != allowed:
            raise Refused(400, "invalid_request", "Hash is not authorized by the SAD")
        hashing = Prehashed(_HASHES[str(wish["hashAlgo"])])
        made = [self._one(b64decode(one), hashing) for one in wish["hash"]]
        return {"signatures": [b64encode(one).decode() for one in made]}

    def _one(self, digest: bytes, hashing: Prehashed) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            made = self.key.sign(digest, padding.PKCS1v15(), hashing)
        else:
            made = self.key.sign(digest, ec.ECDSA(hashing))
        return made[:-1] + bytes([made[-1] ^ 1]) if self.flip else made


@contextmanager
def serve(service: Service) -> Iterator[Service]:
    """Serve on a free port of loopback until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wish = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            call = self.path.removeprefix("/csc/v1/")
            service.asked.append((call, wish))
            time.sleep(service.silent)
            if service.redirect:
                self.send_response(307)
                self.send_header("Location", service.redirect + self.path)
                self.end_headers()
                return
            try:
                status, said = 200, service.answer(call, wish, self.headers.get("Authorization", ""))
            except Refused as refusal:
                status, said = refusal.answer
            if service.broken:
                said = {"nonsense": True}
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
