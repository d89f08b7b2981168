"""The whole service as a person meets it: `vanthu serve` on a free port, and Debian's chromium in front of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cases.sealing import lay_keys

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)  # a page waits for a service that shares two cores with other tests


def screens_folder(otherwise: Path, name: str = "") -> Path:
    """Return where screenshots go: into the documentation only when asked (`VANTHU_SCREENS=1`)."""
    folder = ROOT / "docs" / "screens" / name if os.environ.get("VANTHU_SCREENS") == "1" else otherwise
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and who may sign in."""

    url: str
    data: Path
    accounts: dict[str, tuple[str, str]]

    def account(self, role: str) -> tuple[str, str]:
        """Login and password of an account with exactly this role, else one that has it among others."""
        return self.accounts[role]


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`vanthu init` and `vanthu serve` in a fresh data folder; ended with the test run."""
    with served(tmp_path_factory.mktemp("served") / "data") as running:
        yield running


@contextmanager
def served(data: Path, fill: Callable[[Path], object] | None = None) -> Iterator[Service]:
    """Serve a fresh data folder, filled before the start when asked; ended at the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    public = {"VANTHU_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    environment = {**os.environ, "VANTHU_DATA_DIR": str(data), "PYTHONPATH": str(ROOT), **public}
    vanthu = [sys.executable, "-m", "boot"]
    lay_keys(data / "keys")
    made = subprocess.run(
        [*vanthu, "init", "--json"], env=environment, cwd=ROOT, check=True, capture_output=True
    )
    told = json.loads(made.stdout.splitlines()[-1])
    accounts = {}
    for account in sorted(told["accounts"], key=lambda a: -len(a["roles"])):
        for role in account["roles"]:
            accounts[role] = (account["login"], account["password"])
    if fill is not None:
        fill(data)
    log = (data.parent / "serve.log").open("wb")
    process = subprocess.Popen(
        [*vanthu, "serve", "--port", str(port)],
        env=environment,
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _until_ready(process, url, data.parent / "serve.log")
        yield Service(url, data, accounts)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health/live", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"vanthu serve does not answer:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; a machine without it skips, except where CI says that everything must be there.

    Closed at the end of its file: Playwright keeps an event loop running in this thread, and the test process goes
    on with files that run loops of their own.
    """
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing; apt install chromium")
        pytest.skip(f"{CHROMIUM} is missing; apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def console() -> list[str]:
    """Errors that the browser's console showed; a test that cares asserts it is empty."""
    return []


@pytest.fixture
def page(browser: Browser, live_server: Service, console: list[str]) -> Iterator[Page]:
    """A fresh Vietnamese browser window on the service."""
    context = browser.new_context(
        base_url=live_server.url,
        locale="vi-VN",
        viewport={"width": 1280, "height": 860},
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    opened = context.new_page()
    opened.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: console.append(str(error)))
    yield opened
    context.close()
