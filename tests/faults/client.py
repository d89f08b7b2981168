"""A client of the HTTP door that believes only what it is told, and asks again under its key when it knows nothing."""

import hashlib
import io
import random
import time
import uuid

import httpx
from PIL import Image, ImageDraw

from tests.faults.history import History, Op

API = "/api/v1"


def small_page(number: int, rng: random.Random) -> bytes:
    """Return a small page image unlike every other: one line of text, quick to read."""
    image = Image.new("L", (700, 160), 255)
    pen = ImageDraw.Draw(image)
    pen.text((20, 40), f"So {number}/QD-UBND  {rng.randrange(10**9)}", fill=0, font_size=40)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(300, 300))
    return out.getvalue()


def noise(size: int, seed: int) -> bytes:
    """Return a page image of at least `size` bytes that no packer makes smaller; nobody can read it."""
    side = int(size**0.5) + 1
    image = Image.frombytes("L", (side, side), random.Random(seed).randbytes(side * side))
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(300, 300))
    return out.getvalue()


class Client:
    """One person uploading. Every request has a bound, so that a hung server is an unknown outcome and no hang."""

    def __init__(self, address: str, token: str, history: History, seed: int) -> None:
        self.authorization = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=address + API,
            headers={"Authorization": self.authorization},
            timeout=httpx.Timeout(15, connect=2),
        )
        self._history = history
        self._rng = random.Random(seed)
        self._number = seed * 100_000

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def get(self, address: str, **params: object) -> httpx.Response:
        """Ask for something. Raises `httpx.HTTPError`."""
        return self._http.get(address, params=params)  # type: ignore[arg-type]

    def open_batch(self, title: str) -> str | None:
        """Open a delivery; None when the answer is not known (the key makes asking again harmless)."""
        key = str(uuid.uuid4())
        for _ in range(200):
            try:
                answer = self._http.post(
                    "/batches", json={"title": title, "dossier": ""}, headers={"Idempotency-Key": key}
                )
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code == 201:
                batch = str(answer.json()["id"])
                self._history.batches.append(batch)
                return batch
            time.sleep(0.05)
        self._history.unknown_batches += 1
        return None

    def upload(self, batch: str, data: bytes | None = None, name: str = "") -> Op:
        """Send one new small page (or `data`) once."""
        self._number += 1
        data = data or small_page(self._number, self._rng)
        name = name or f"p{self._number}.png"
        op = Op(batch, str(uuid.uuid4()), name, data, hashlib.sha256(data).hexdigest())
        self._history.add(op)
        self.send(op)
        return op

    def send(self, op: Op) -> None:
        """Send (again) and note what was answered."""
        op.tries += 1
        try:
            answer = self._http.post(
                f"/batches/{op.batch}/files",
                files={"file": (op.name, op.data, "image/png")},
                headers={"Idempotency-Key": op.key},
            )
        except httpx.HTTPError:
            return  # unknown, as before
        op.status = answer.status_code
        op.statuses.append(answer.status_code)
        if answer.status_code == 201:
            told = answer.json()
            op.told, op.outcome = told, "acknowledged"
            op.answered = op.answered or time.monotonic()
            op.receipts.add((told["file_id"], told["sha256"], told["size"], told["audit_seq"]))
        elif answer.status_code in (503, 507):
            pass  # told to come again: nothing is known, nothing is promised
        elif 400 <= answer.status_code < 500:
            op.outcome = "refused"

    def settle(self, op: Op, seconds: float = 60) -> None:
        """Ask again under the same key until there is an answer."""
        until = time.monotonic() + seconds
        while op.outcome == "unknown" and time.monotonic() < until:
            self.send(op)
            if op.outcome == "unknown":
                time.sleep(0.1)

    def start(self, batch: str) -> bool:
        """Start the walk of a delivery; return whether that is known to be so."""
        try:
            answer = self._http.post(f"/batches/{batch}/start", headers={"Idempotency-Key": f"start-{batch}"})
        except httpx.HTTPError:
            return False
        if answer.status_code == 202:
            self._history.started.append(batch)
        return answer.status_code == 202
