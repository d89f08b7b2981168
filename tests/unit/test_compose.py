"""Hold the images and docker-compose.yml to the rules of the house, since no engine runs them here."""

import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from boot.settings import _Environment
from tests.tools import server_programs
from tests.unit.test_house import PACKAGES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = ("postgres", "store", "copy", "elastic")
HOUSE = ("init", "app", "worker")
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")

each_service = pytest.mark.parametrize("name", SERVICES)


def stages() -> dict[str, list[str]]:
    """The lines of each stage of the Dockerfile."""
    found: dict[str, list[str]] = {}
    for line in DOCKERFILE.splitlines():
        if start := re.fullmatch(r"FROM \S+ AS (\S+)", line):
            found[start[1]] = []
        elif found and line.strip() and not line.startswith("#"):
            found[list(found)[-1]].append(line.strip())
    return found


def environment(name: str) -> dict[str, str]:
    given: dict[str, str] = SERVICES[name].get("environment", {})
    return given


def volumes_of(name: str) -> set[str]:
    """The sources of a service's mounts in their short form, the anonymous ones left out."""
    return {mount.split(":")[0] for mount in SERVICES[name].get("volumes", []) if ":" in mount}


# --- docker-compose.yml


def test_every_part_of_the_cluster_profile_is_there() -> None:
    assert set(SERVICES) == {*SERVERS, *HOUSE}


@each_service
def test_nobody_is_root_or_may_become_it(name: str) -> None:
    service = SERVICES[name]
    user = service["user"].partition(":")[0]
    assert user.isdigit() and int(user) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & set(service)


@each_service
def test_the_image_is_pinned_by_a_tag(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.search(r"\d", tag)
    assert "latest" not in tag


@each_service
def test_health_is_watched_where_a_process_stays(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}
        followers = [other for other in SERVICES.values() if name in other.get("depends_on", {})]
        assert followers
        assert all(
            other["depends_on"][name]["condition"] == "service_completed_successfully" for other in followers
        )
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])


@each_service
def test_no_secret_is_in_the_environment_or_on_a_command_line(name: str) -> None:
    service = SERVICES[name]
    for variable, value in environment(name).items():
        if re.search(r"PASSWORD|SECRET|KEY|TOKEN|ROOT_USER", variable):
            assert variable.endswith("_FILE")
            assert value.startswith("/run/")
        assert not re.search(r"://[^/@]*:[^/@]*@", str(value))
    for secret in service.get("secrets", []):
        assert secret in COMPOSE["secrets"]
    used = {
        Path(value).name for value in environment(name).values() if str(value).startswith("/run/secrets/")
    } | set(re.findall(r"/run/secrets/(\w+)", str(service.get("entrypoint", ""))))
    assert used == set(service.get("secrets", []))


@each_service
def test_only_the_web_service_is_published_and_only_the_house_gets_out(name: str) -> None:
    service = SERVICES[name]
    assert ("ports" in service) == (name == "app")
    assert (service["networks"] == ["inside"]) == (name in SERVERS)
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@each_service
def test_what_must_stay_is_on_a_named_volume_of_its_own(name: str) -> None:
    named = volumes_of(name)
    assert named
    assert named <= set(COMPOSE["volumes"])  # nothing of the host is mounted
    if name in SERVERS:
        assert all(named.isdisjoint(volumes_of(other)) for other in SERVICES if other != name)


@each_service
def test_the_file_system_is_read_only_where_the_server_allows_it(name: str) -> None:
    assert SERVICES[name].get("read_only", False) == (name != "elastic")


def test_the_two_stores_share_neither_keys_nor_volume() -> None:
    for what in ("secrets", "volumes"):
        assert set(SERVICES["store"][what]).isdisjoint(SERVICES["copy"][what])


def test_every_setting_is_one_that_the_program_knows() -> None:
    known = {f"VANTHU_{name.upper()}" for name in _Environment.model_fields}
    for name in HOUSE:
        assert set(environment(name)) <= known
    said = set(re.findall(r"\b(VANTHU_\w+)=", DOCKERFILE))
    assert said and said <= known


def test_the_keys_are_below_their_volume_and_only_the_first_start_may_write_them() -> None:
    folder = re.search(r"VANTHU_KEYS_DIR=(\S+)", DOCKERFILE)
    assert folder and Path(folder[1]).parent == Path("/keys")
    mounts = {name: [m for m in SERVICES[name]["volumes"] if m.startswith("keys:")] for name in HOUSE}
    assert mounts == {"init": ["keys:/keys"], "app": ["keys:/keys:ro"], "worker": ["keys:/keys:ro"]}


def test_the_addresses_name_services_of_this_file() -> None:
    for name in HOUSE:
        addresses = [str(value) for key, value in environment(name).items() if key.endswith("_URL")]
        hosts = {match[1] for each in addresses if (match := re.search(r"://(?:\w+@)?([\w-]+):", each))}
        assert hosts == set(SERVERS)


def test_the_servers_are_the_versions_that_the_tests_run() -> None:
    assert SERVICES["elastic"]["image"] == f"elasticsearch:{server_programs.ELASTIC}"
    assert server_programs.MINIO in DOCKERFILE
    assert server_programs.MINIO_SUM.removeprefix("h1:") in DOCKERFILE
    assert SERVICES["store"]["image"].partition(":")[2] in server_programs.MINIO


# --- the secret files


def test_the_secrets_are_made_once_and_shut_away(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make = [ROOT / "boot" / "make_secrets.sh", folder]
    subprocess.run(make, check=True, capture_output=True)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    assert {f"./secrets/{name}" for name in first} == {each["file"] for each in COMPOSE["secrets"].values()}
    assert len(set(first.values())) == len(first)
    assert all(re.fullmatch(r"[0-9a-f]{40}", secret) for secret in first.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "store_secret_key").unlink()  # one is lost: the others stay as they are
    subprocess.run(make, check=True, capture_output=True)
    again = {path.name: path.read_text() for path in folder.iterdir()}
    changed = {name for name in again if again[name] != first[name]}
    assert (set(again), changed) == (set(first), {"store_secret_key"})


def test_the_secrets_are_neither_committed_nor_in_an_image() -> None:
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in allowed and "!secrets" not in allowed


# --- Dockerfile


def test_every_stage_starts_from_a_pinned_image() -> None:
    starts = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.M)
    assert starts and all(re.fullmatch(r"\w+:\d+\.\d+[\w.-]*", image) for image in starts)


@pytest.mark.parametrize("stage", ["app", "minio"])
def test_an_image_runs_as_somebody_else_in_exec_form_and_says_whether_it_is_well(stage: str) -> None:
    lines = stages()[stage]
    assert SERVICES["app" if stage == "app" else "store"]["build"]["target"] == stage
    (user,) = [line.split()[1] for line in lines if line.startswith("USER")]
    assert user == SERVICES["app" if stage == "app" else "store"]["user"]
    (entry,) = [line.removeprefix("ENTRYPOINT ") for line in lines if line.startswith("ENTRYPOINT")]
    assert entry.startswith('["/usr/bin/tini", "--", ')
    (health,) = [line for line in lines if line.startswith("HEALTHCHECK")]
    assert "/health/" in health and 'CMD ["' in health


def test_libraries_come_from_the_lock_file_with_their_hashes() -> None:
    installs = [
        line for lines in stages().values() for line in lines if " install " in line and "pip" in line
    ]
    assert installs and all("--require-hashes" in line and "--no-deps" in line for line in installs)
    assert "requirements.lock" in DOCKERFILE and "requirements-dev" not in DOCKERFILE


def test_the_image_has_the_system_packages_that_a_run_needs() -> None:
    script = (ROOT / "boot" / "install.sh").read_text()
    wanted = re.search(r'^packages="([^"]*)"', script, flags=re.M)
    assert wanted
    installed = set(shlex.split(" ".join(stages()["app"])))
    assert {p for p in wanted[1].split() if not p.startswith("python3")} <= installed


@pytest.mark.parametrize("package", [*PACKAGES, "procedures", "web"])
def test_every_package_of_the_house_is_in_the_image(package: str) -> None:
    assert f"COPY {package} {package}" in stages()["app"]
    assert f"!{package}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_compose_itself_accepts_the_file(tmp_path: Path) -> None:
    ask = ["docker", "compose"]
    if (
        shutil.which("docker") is None
        or subprocess.run([*ask, "version"], check=False, capture_output=True).returncode
    ):
        pytest.skip("docker compose is not on this machine, so only our own rules were asked")
    subprocess.run([ROOT / "boot" / "make_secrets.sh", tmp_path / "secrets"], check=True, capture_output=True)
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    said = subprocess.run(
        [*ask, "config"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert said.returncode == 0, said.stderr
    assert set(yaml.safe_load(said.stdout)["services"]) == set(SERVICES)
