"""Read the environment once into frozen settings; nothing else in the house looks at it.

A profile is only a set of addresses: rows, bytes, index, time stamps. Secrets come from files (`VANTHU_…_FILE`).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from records.errors import ArchiveFault


class _Environment(BaseSettings):
    """The variables, by name (`VANTHU_` before each)."""

    model_config = SettingsConfigDict(env_prefix="VANTHU_", extra="ignore")

    data_dir: Path = Path("data")
    database_url: str = ""
    blobs_url: str = ""
    search_url: str = ""
    engine_url: str = ""
    tsa_url: str = ""
    organisation: str = "Lưu trữ cơ quan (bản dùng thử)"
    workers: int = Field(default=0, ge=0, le=512)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    page_seconds: float = Field(default=90.0, gt=0)
    max_file_mb: int = Field(default=2048, ge=1)
    languages: str = "vie"
    tessdata: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the house can be told from outside.

    `data_dir` absolute; the addresses default to places below it (embedded profile). `workers`: reading children,
    by default one a core. `page_seconds`: how long one page may take before its child is killed.
    """

    data_dir: Path
    database_url: str
    blobs_url: str
    search_url: str
    engine_url: str
    tsa_url: str
    organisation: str
    workers: int
    host: str
    port: int
    page_seconds: float
    max_file_bytes: int
    languages: str
    tessdata: str

    @property
    def keys_dir(self) -> Path:
        """Where the demo keys and roots are."""
        return self.data_dir / "keys"

    @property
    def roots(self) -> tuple[Path, ...]:
        """The trusted roots, when they exist."""
        roots = self.keys_dir / "roots.pem"
        return (roots,) if roots.exists() else ()

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
    return Settings(
        data_dir=folder,
        database_url=env.database_url or f"sqlite:///{folder}/vanthu.db",
        blobs_url=env.blobs_url or f"file://{at}/blobs",
        search_url=env.search_url or f"tantivy://{at}/index",
        engine_url=env.engine_url or f"sqlite:///{folder}/engine.db",
        tsa_url=env.tsa_url,
        organisation=env.organisation,
        workers=env.workers or len(os.sched_getaffinity(0)),
        host=env.host,
        port=env.port,
        page_seconds=env.page_seconds,
        max_file_bytes=env.max_file_mb * 1024 * 1024,
        languages=env.languages,
        tessdata=env.tessdata,
    )
