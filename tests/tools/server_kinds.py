"""How each real server is made, started and asked whether it is ready: PostgreSQL, MinIO, Elasticsearch."""

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from tests.tools import server_programs
from tests.tools.server_process import Account, spawn

USER = "vanthu"


@dataclass(frozen=True)
class Place:
    """Where one server lives: `folder` its data, `programs` what it runs, `private` its secrets (mode 700)."""

    name: str
    home: Path
    programs: Path
    private: Path
    account: Account

    @property
    def folder(self) -> Path:
        return self.home / self.name

    @property
    def log(self) -> Path:
        return self.home / "logs" / f"{self.name}.log"

    def secret(self, kind: str) -> Path:
        """Return the file (mode 600) with the secret `kind` of this server, made once."""
        path = self.private / f"{self.name}.{kind}"
        if not path.exists():
            fresh = path.with_suffix(f"{path.suffix}.new")
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(20))
            fresh.rename(path)
        return path


class Kind(Protocol):
    """One server. `mark` is an argument on the command line that only its process has."""

    place: Place
    graceful: signal.Signals
    patience: float

    @property
    def mark(self) -> str: ...
    def prepare(self) -> None:
        """Bring the program and make the folders; safe to repeat and to kill. Raises Missing."""

    def launch(self, port: int) -> None:
        """Start the process on `port` of loopback and return at once."""

    def ready(self, port: int) -> bool:
        """Tell whether it answers."""

    def facts(self, port: int) -> dict[str, str]:
        """Return address, user names and files with secrets, for state.json."""


@dataclass(frozen=True)
class Postgres:
    """A cluster of its own with password log-in only, and the durability that PostgreSQL has by default."""

    place: Place
    graceful: signal.Signals = signal.SIGINT  # "fast": running transactions are rolled back
    patience: float = 60

    @property
    def mark(self) -> str:
        return f"vanthu.server={self.place.folder}"

    @property
    def data(self) -> Path:
        return self.place.folder / "data"

    def prepare(self) -> None:
        tools = server_programs.postgres()
        if self.data.exists():
            return
        fresh, key = self.place.folder / "data.new", self.place.folder / "first-password"
        shutil.rmtree(self.place.folder, ignore_errors=True)
        self.place.folder.mkdir(parents=True, mode=0o700)
        key.touch(mode=0o600)
        key.write_text(self.place.secret("password").read_text())
        self.place.account.own(self.place.folder)
        made = self.place.account.run(
            [tools / "initdb", "--username", USER, "--pwfile", key, "--auth", "scram-sha-256", "--encoding", "UTF8",
             "--locale", "C.UTF-8", "--data-checksums", "-D", fresh],
            capture_output=True,
            cwd="/",
        )  # fmt: skip
        if made.returncode != 0:
            raise server_programs.Missing(f"initdb: {made.stderr.decode(errors='replace')}")
        key.unlink()
        fresh.rename(self.data)

    def launch(self, port: int) -> None:
        # whoever calls has seen that no such process lives, so the file is what a kill -9 left
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "vanthu.server": str(self.place.folder),
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        program = server_programs.postgres() / "postgres"
        spawn([program, "-D", self.data, *settings], self.place.account, self.place.log, {})

    def ready(self, port: int) -> bool:
        probe = [server_programs.postgres() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0

    def facts(self, port: int) -> dict[str, str]:
        return {
            "url": f"postgresql://{USER}@127.0.0.1:{port}/postgres",
            "user": USER,
            "password_file": str(self.place.secret("password")),
        }


@dataclass(frozen=True)
class Minio:
    """One S3 server on one folder, run as ourselves, so that a test may damage the bytes under it."""

    place: Place
    graceful: signal.Signals = signal.SIGTERM
    patience: float = 60

    @property
    def mark(self) -> str:
        return f"--certs-dir={self.place.folder}.certs"

    def prepare(self) -> None:
        server_programs.minio(self.place.programs)
        self.place.folder.mkdir(parents=True, exist_ok=True)
        Path(f"{self.place.folder}.certs").mkdir(exist_ok=True)

    def launch(self, port: int) -> None:
        program = server_programs.minio(self.place.programs)
        spawn(
            [program, "server", "--address", f"127.0.0.1:{port}", self.mark, "--quiet", self.place.folder],
            Account(),
            self.place.log,
            {
                "MINIO_ROOT_USER_FILE": str(self.place.secret("access")),
                "MINIO_ROOT_PASSWORD_FILE": str(self.place.secret("secret")),
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",
            },
        )

    def ready(self, port: int) -> bool:
        return _get(f"http://127.0.0.1:{port}/minio/health/ready", "") is not None

    def facts(self, port: int) -> dict[str, str]:
        return {
            "url": f"http://127.0.0.1:{port}",
            "access_key_file": str(self.place.secret("access")),
            "secret_key_file": str(self.place.secret("secret")),
        }


@dataclass(frozen=True)
class Elastic:
    """One node with security on, without TLS because it listens on loopback only."""

    place: Place
    graceful: signal.Signals = signal.SIGTERM
    patience: float = 480

    @property
    def mark(self) -> str:
        # its scripts part options at spaces, which the name of a folder may have
        return f"-Dvanthu.server={quote(str(self.place.folder))}"

    @property
    def config(self) -> Path:
        return self.place.folder / "config"

    def _environment(self) -> dict[str, str]:
        program, scratch = server_programs.elasticsearch(self.place.programs), self.place.folder / "tmp"
        return {
            "ES_JAVA_HOME": str(server_programs.java_home()),
            "ES_PATH_CONF": str(self.config),
            "ES_JAVA_OPTS": f"-Xms1g -Xmx1g {self.mark}",
            "ES_TMPDIR": str(scratch),
            # what starts it keeps its scratch files here too; it goes into its own folder first
            "CLI_JAVA_OPTS": f"{self.mark} -Djava.io.tmpdir={os.path.relpath(scratch, program)}",
        }

    def prepare(self) -> None:
        server_programs.java_home()
        program = server_programs.elasticsearch(self.place.programs)
        if self.config.exists():
            return
        shutil.rmtree(self.place.folder, ignore_errors=True)
        for name in ("data", "logs", "tmp"):
            (self.place.folder / name).mkdir(parents=True, mode=0o700)
        fresh = self.place.folder / "config.new"
        shutil.copytree(program / "config", fresh)
        settings = {
            "cluster.name": "vanthu",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "transport.port": "20000-31999",
            "path.data": str(self.place.folder / "data"),
            "path.logs": str(self.place.folder / "logs"),
            "xpack.security.enabled": True,
            "xpack.security.http.ssl.enabled": False,
            "xpack.security.transport.ssl.enabled": False,
            # a developer's disk is often nearly full; the index would turn read-only
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        (fresh / "elasticsearch.yml").write_text(
            "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
        )
        self.place.account.own(self.place.folder)
        for words in (["create"], ["add", "--stdin", "bootstrap.password"]):
            made = self.place.account.run(
                [program / "bin" / "elasticsearch-keystore", *words],
                input=self.place.secret("password").read_bytes(),
                env={**os.environ, **self._environment(), "ES_PATH_CONF": str(fresh)},
                capture_output=True,
                cwd="/",
            )
            if made.returncode != 0:
                raise server_programs.Missing(
                    f"elasticsearch-keystore: {made.stderr.decode(errors='replace')}"
                )
        fresh.rename(self.config)

    def launch(self, port: int) -> None:
        program = server_programs.elasticsearch(self.place.programs) / "bin" / "elasticsearch"
        # a filled index is in larger pieces, so fewer of them are read for a query
        filling = "indices.memory.index_buffer_size=30%"
        command = [program, "-d", "-E", f"http.port={port}", "-E", filling]
        spawn(command, self.place.account, self.place.log, self._environment())

    def ready(self, port: int) -> bool:
        health = f"http://127.0.0.1:{port}/_cluster/health?wait_for_status=yellow&timeout=1s"
        password = self.place.secret("password").read_text()
        said = _get(health, f"elastic:{password}")
        return said is not None and json.loads(said)["status"] in {"yellow", "green"}

    def facts(self, port: int) -> dict[str, str]:
        return {
            "url": f"http://127.0.0.1:{port}",
            "user": "elastic",
            "password_file": str(self.place.secret("password")),
        }


def _get(url: str, login: str) -> bytes | None:
    """Return the answer of `url`, None when there is none or it is an error."""
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach our loopback
    try:
        with opener.open(request, timeout=5) as answer:
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError):
        return None
