"""The built wheel works where there is no checkout, and the files for Docker agree with the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MAX_CATALOGUE_BYTES = 4 * 1024 * 1024


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def carried(wheel: Path) -> dict[str, int]:
    """The wheel's files and their sizes."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.file_size for entry in archive.infolist()}


def files_below(folder: str, *patterns: str) -> set[str]:
    found = {path for pattern in patterns for path in (ROOT / folder).rglob(pattern) if path.is_file()}
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_wheel_carries_sql_migrations_and_the_sample_catalogue(carried: dict[str, int]) -> None:
    expected = files_below("sql", "*.sql") | files_below("migrations", "*.py", "*.mako")
    expected |= files_below("examples/catalogue/images", "*.*") | {"examples/catalogue/manifest.csv"}
    assert "migrations/env.py" in expected
    assert {f"rage_pg/_resources/{path}" for path in expected} <= carried.keys()


def test_wheel_carries_the_page_and_the_types_marker(carried: dict[str, int]) -> None:
    page = {path.removeprefix("src/") for path in files_below("src/rage_pg/web", "*.*") if ".pyc" not in path}
    assert page | {"rage_pg/py.typed"} <= carried.keys()


def test_wheel_carries_nothing_else(carried: dict[str, int]) -> None:
    tops = {name.split("/")[0] for name in carried}
    assert len(tops) == 2
    assert "rage_pg" in tops
    assert not [name for name in carried if name.endswith((".pyc", ".log", ".orig"))]


def test_sample_catalogue_stays_small(carried: dict[str, int]) -> None:
    sizes = [size for name, size in carried.items() if name.startswith("rage_pg/_resources/examples/")]
    assert 0 < sum(sizes) < MAX_CATALOGUE_BYTES


def test_installed_package_finds_its_resources_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    program = (
        "from rage_pg.resources import path\n"
        "print(path('sql', 'rage_v1'))\n"
        "print(path('migrations', 'env.py'))\n"
        "print(path('examples', 'catalogue', 'manifest.csv'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [Path(line) for line in done.stdout.splitlines()]
    assert (
        len(found)
        == len([path for path in found if path.is_relative_to(site / "rage_pg" / "_resources")])
        == 3
    )


def test_every_dependency_has_a_lower_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for requirement in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]:
        assert re.search(r">=\d", requirement), requirement


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_compose_publishes_on_loopback_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_compose_starts_in_order_and_keeps_the_data(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"db", "migrate", "service", "worker"}
    assert services["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    for name in ("service", "worker"):
        condition = services[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"
    volumes = {volume.split(":")[0] for volume in services["db"]["volumes"]}
    assert volumes <= compose["volumes"].keys()


def test_compose_gives_every_service_the_same_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    urls = {
        name: services[name]["environment"]["RAGE_DATABASE_URL"] for name in ("migrate", "service", "worker")
    }
    assert urls["service"] == urls["worker"]
    assert len({url.partition("@")[2] for url in urls.values()}) == 1
    # The service may not log in as who owns the tables.
    assert urls["migrate"].partition("@")[0] != urls["service"].partition("@")[0]


def test_image_runs_as_a_user_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in {"root", "0"}
