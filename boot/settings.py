"""Read the environment once into frozen settings; nothing else in the house looks at it.

A profile is only a set of addresses: rows, bytes, index, time stamps. Secrets come from files (`VANTHU_…_FILE`).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ocr.options import OcrOptions
from procedures.check_mark import public_base
from records.errors import ArchiveFault
from signing.options import SigningOptions


class _Environment(BaseSettings):
    """The variables, by name (`VANTHU_` before each)."""

    model_config = SettingsConfigDict(env_prefix="VANTHU_", extra="ignore")

    data_dir: Path = Path("data")
    database_url: str = ""
    blobs_url: str = ""
    search_url: str = ""
    engine_url: str = ""
    database_password_file: Path | None = None
    blobs_access_key_file: Path | None = None
    blobs_secret_key_file: Path | None = None
    copy_url: str = ""
    copy_access_key_file: Path | None = None
    copy_secret_key_file: Path | None = None
    scans_url: str = ""
    scans_access_key_file: Path | None = None
    scans_secret_key_file: Path | None = None
    search_user: str = ""
    search_password_file: Path | None = None
    keys_dir: Path | None = None
    secure_cookies: bool = False
    fixity_days: float = Field(default=90.0, gt=0)
    fixity_mb_second: float = Field(default=20.0, gt=0)
    tsa_url: str = ""
    tsa_policies: str = ""
    revocation_from: str = ""
    revocation_inside: str = ""
    archive_stamp: Literal["now", "night"] = "now"
    completion_days: float = Field(default=3.0, gt=0)
    organisation: str = "Lưu trữ cơ quan (bản dùng thử)"
    public_url: str = ""
    iiif_url: str = ""
    iiif_origins: str = "*"
    workers: int = Field(default=0, ge=0, le=512)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    page_seconds: float = Field(default=20.0, gt=0)
    ocr_engine: Literal["tesserocr", "pytesseract"] = "tesserocr"
    max_file_mb: int = Field(default=2048, ge=1)
    languages: str = "vie"
    tessdata: str = ""
    sandbox: Literal["must", "limits"] = "must"
    watch_folder: Path | None = None
    watch_quiet: float = Field(default=10.0, ge=0)
    watch_marker: bool = False
    watch_after: Literal["move", "keep"] = "move"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is and what it wants to know; the password is never printed."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a place for bytes is, with its keys; they are never printed."""

    url: str
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the house can be told from outside.

    `data_dir` absolute; the addresses default to places below it (embedded profile). `workers`: reading children,
    by default one a core. `stamp_later`: the walk seals at B-T and the nightly completion adds the archive time stamp;
    `completion_days`: how long a seal may wait for it before that is an alarm. `page_seconds`: how long one page may
    take before its child is killed. `sandbox`: `must` shuts the children that read files in or
    reads nothing, `limits` knowingly does without (docs/howto/sandbox.md). `ocr_engine`: who reads (`ocr/engines.py`).
    `public_url`: where anybody may check a paper; empty: papers carry no mark. `iiif_url`:
    where viewers reach the images; `iiif_origins`: whose scripts may.
    `scans`: the S3 server that `digitize s3://…` reads from, with its keys. `watch_…`: a folder whose settled files are
    handed in by themselves (`boot/watching.py`).
    """

    data_dir: Path
    keys_dir: Path
    database: Address
    blobs: StoreAddress
    copy: StoreAddress | None
    scans: StoreAddress
    search: Address
    engine: Address
    tsa_url: str
    tsa_policies: tuple[str, ...]
    revocation_from: tuple[str, ...]
    revocation_inside: tuple[str, ...]
    stamp_later: bool
    completion_days: float
    organisation: str
    public_url: str
    iiif_url: str
    iiif_origins: tuple[str, ...]
    workers: int
    host: str
    port: int
    page_seconds: float
    ocr_engine: str
    max_file_bytes: int
    languages: str
    tessdata: str
    sandbox: Literal["must", "limits"]
    watch_folder: Path | None
    watch_quiet: float
    watch_marker: bool
    watch_after: Literal["move", "keep"]
    fixity_days: float
    fixity_bytes_second: float
    secure_cookies: bool

    @property
    def roots(self) -> tuple[Path, ...]:
        """The trusted roots, when they exist."""
        roots = self.keys_dir / "roots.pem"
        return (roots,) if roots.exists() else ()

    @property
    def ocr(self) -> OcrOptions:
        """How pages are read."""
        return OcrOptions(languages=self.languages, tessdata=self.tessdata, engine=self.ocr_engine)

    @property
    def signing(self) -> SigningOptions:
        """What the signing service is told."""
        return SigningOptions(
            keys=self.keys_dir,
            tsa_url=self.tsa_url,
            tsa_policies=self.tsa_policies,
            places=self.revocation_from,
            inside=self.revocation_inside,
        )

    @property
    def shared_engine(self) -> bool:
        """Whether many worker processes share the durable work (cluster profile)."""
        return not self.engine.url.startswith("sqlite")

    @property
    def run_dir(self) -> Path:
        """Locks and notes of running processes."""
        return self.data_dir / "run"


def load_settings(data_dir: Path | None = None) -> Settings:
    """Return the settings of this process; `data_dir` overrides the environment.

    Raises `ArchiveFault` (`bad-settings`) when a value makes no sense, naming the variable.
    """
    try:
        env = _Environment()
    except ValueError as fault:
        raise ArchiveFault(
            str(fault),
            code="bad-settings",
            tell=f"Cấu hình VANTHU_… chưa đúng: {fault}",
        ) from fault
    folder = (data_dir or env.data_dir).expanduser().absolute()
    at = quote(str(folder))
    database = Address(
        env.database_url or f"sqlite:///{folder}/vanthu.db", password=_secret(env.database_password_file)
    )
    copy = StoreAddress(env.copy_url, _secret(env.copy_access_key_file), _secret(env.copy_secret_key_file))
    return Settings(
        data_dir=folder,
        keys_dir=(env.keys_dir or folder / "keys").expanduser().absolute(),
        database=database,
        blobs=StoreAddress(
            env.blobs_url or f"file://{at}/blobs",
            _secret(env.blobs_access_key_file),
            _secret(env.blobs_secret_key_file),
        ),
        copy=copy if copy.url else None,
        scans=StoreAddress(
            env.scans_url, _secret(env.scans_access_key_file), _secret(env.scans_secret_key_file)
        ),
        search=Address(
            env.search_url or f"tantivy://{at}/index", env.search_user, _secret(env.search_password_file)
        ),
        engine=Address(env.engine_url or _engine_url(database.url, folder), password=database.password),
        tsa_url=env.tsa_url,
        tsa_policies=tuple(env.tsa_policies.split()),
        revocation_from=tuple(env.revocation_from.split()),
        revocation_inside=tuple(env.revocation_inside.split()),
        stamp_later=env.archive_stamp == "night",
        completion_days=env.completion_days,
        organisation=env.organisation,
        public_url=public_base(env.public_url),
        iiif_url=env.iiif_url.rstrip("/"),
        iiif_origins=tuple(env.iiif_origins.split()),
        workers=env.workers or len(os.sched_getaffinity(0)),
        host=env.host,
        port=env.port,
        page_seconds=env.page_seconds,
        ocr_engine=env.ocr_engine,
        max_file_bytes=env.max_file_mb * 1024 * 1024,
        languages=env.languages,
        tessdata=env.tessdata,
        sandbox=env.sandbox,
        watch_folder=env.watch_folder.expanduser().absolute() if env.watch_folder else None,
        watch_quiet=env.watch_quiet,
        watch_marker=env.watch_marker,
        watch_after=env.watch_after,
        fixity_days=env.fixity_days,
        fixity_bytes_second=env.fixity_mb_second * 1024 * 1024,
        secure_cookies=env.secure_cookies,
    )


def _engine_url(database_url: str, folder: Path) -> str:
    """Return where the durable work rests: beside the rows, in a database of its own on the same server."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{folder}/engine.db"
    parts = urlsplit(database_url)
    return parts._replace(path=f"{parts.path}_engine").geturl()


def _secret(path: Path | None) -> str:
    """Return what stands in a secret's file. Raises `ArchiveFault` (`bad-settings`) when it cannot be read."""
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise ArchiveFault(
            f"{path}: {fault}",
            code="bad-settings",
            tell=f"Không đọc được tệp bí mật {path} ({type(fault).__name__}). Kiểm tra VANTHU_…_FILE và quyền đọc.",
        ) from fault
