"""What is shipped to run it: complete, pinned, shut in, and spelt as the settings are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from danvan.places import BASE_DIR

DEPLOY = BASE_DIR / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
SERVICES = sorted(COMPOSE["services"])
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
#: those that do one thing and end
ENDING = ("prepare", "backup")
RUNNING = [name for name in SERVICES if name not in ENDING]


def service(name: str) -> dict[str, Any]:
    return COMPOSE["services"][name]


def unit(file: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file)
    return parser


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_pinned_read_only_and_can_do_nothing_it_need_not(name: str):
    each = service(name)
    assert re.fullmatch(r"[a-z]+:(local|[0-9]+\.[0-9]+(\.[0-9]+)?-[a-z]+)", each["image"])
    assert each["read_only"] is True
    assert each["cap_drop"] == ["ALL"]
    assert each["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", RUNNING)
def test_a_container_that_stays_has_limits_and_comes_back(name: str):
    limits = service(name)["deploy"]["resources"]["limits"]
    assert limits["cpus"]
    assert limits["memory"]
    assert service(name)["restart"] == "unless-stopped"


def test_the_health_of_the_web_server_is_asked_for_under_a_name_that_it_answers_to():
    [code] = [word for word in service("web")["healthcheck"]["test"] if "healthz" in word]
    assert "os.environ['ALLOWED_HOSTS']" in code
    assert re.search(r"^ALLOWED_HOSTS=\w", (DEPLOY / "danvan.env.example").read_text(), re.MULTILINE)


def test_the_proxy_that_is_shipped_is_counted():
    assert re.search(r"^PROXIES=1$", (DEPLOY / "danvan.env.example").read_text(), re.MULTILINE)
    assert "X-Forwarded-For $remote_addr" in (DEPLOY / "nginx" / "site.conf").read_text()


def test_database_and_broker_are_reached_from_inside_alone():
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("database", "broker"):
        assert service(name)["networks"] == ["inside"]
        assert "ports" not in service(name)


def test_whoever_depends_on_a_container_waits_for_what_it_can_tell():
    for name in SERVICES:
        for other, how in service(name).get("depends_on", {}).items():
            assert how["condition"] == ("service_completed_successfully" if other == "prepare" else "service_healthy")
            assert other == "prepare" or "healthcheck" in service(other)


def test_images_bring_the_python_that_the_project_is_made_for_and_run_as_nobody_in_particular():
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert all(re.match(r"FROM python:3\.11\.[0-9]+-slim-bookworm", line) for line in lines if line.startswith("FROM"))
    assert "USER 10001" in lines
    assert any("--require-hashes" in line for line in lines)


@pytest.mark.parametrize("file", UNITS, ids=[file.stem for file in UNITS])
def test_a_unit_is_shut_in_limited_and_started_again(file: Path):
    section = unit(file)["Service"]
    assert section["User"] == section["Group"] == "danvan"
    assert (section["NoNewPrivileges"], section["ProtectSystem"]) == ("yes", "strict")
    assert section.get("Restart", "no") == ("no" if file.stem == "danvan-backup" else "always")
    assert section["MemoryMax"]
    assert section["CapabilityBoundingSet"] == ""


@pytest.fixture
def systemd_analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("systemd-analyze is not installed")
    return found


@pytest.mark.parametrize("file", UNITS, ids=[file.stem for file in UNITS])
def test_systemd_rates_a_unit_as_little_exposed(file: Path, systemd_analyze: str):
    """Of ten points it gives less than two; before system calls were filtered it gave three."""
    rated = [systemd_analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(file)]
    ran = subprocess.run(rated, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_systemd_understands_every_line_of_the_units(systemd_analyze: str):
    files = [file for file in (DEPLOY / "systemd").iterdir() if file.suffix in (".service", ".timer", ".target")]
    said = subprocess.run([systemd_analyze, "verify", "--man=no", *map(str, files)], capture_output=True, text=True, check=False).stderr
    assert [line for line in said.splitlines() if not re.search(r"Command /opt/danvan/\S+ is not executable", line)] == []


def test_the_target_starts_every_unit():
    assert unit(DEPLOY / "systemd" / "danvan.target")["Unit"]["Wants"].split() == [
        f"danvan-{name}.service" for name in ("web", "worker", "scheduler")
    ]
    assert [file.stem for file in UNITS] == ["danvan-backup", "danvan-scheduler", "danvan-web", "danvan-worker"]


def test_backups_are_made_every_night_by_timer_and_container_alike():
    timer = unit(DEPLOY / "systemd" / "danvan-backup.timer")
    assert timer["Timer"]["Persistent"] == "true"
    assert unit(DEPLOY / "systemd" / "danvan-backup.service")["Service"]["ExecStart"].endswith(service("backup")["command"])


def test_the_image_has_the_programs_of_the_version_of_its_database():
    version = re.search(r"postgres:(\d+)", service("database")["image"])
    assert version
    assert f"postgresql-client-{version[1]}" in (DEPLOY / "Dockerfile").read_text()


def test_the_worker_may_end_its_longest_task():
    from danvan import settings  # noqa: PLC0415

    section = unit(DEPLOY / "systemd" / "danvan-worker.service")["Service"]
    assert int(section["TimeoutStopSec"]) > settings.CELERY_TASK_TIME_LIMIT


def test_every_setting_of_the_example_is_one_that_something_reads():
    sources = [*(BASE_DIR / "danvan").glob("*.py"), DEPLOY / "gunicorn.conf.py"]
    read = {name for file in sources for name in re.findall(r'"([A-Z][A-Z_]+)"', file.read_text())}
    named = re.findall(r"^([A-Z_]+)=", (DEPLOY / "danvan.env.example").read_text(), re.MULTILINE)
    assert set(named) - read - {"WEB_CONCURRENCY"} == set()  # which gunicorn reads itself


def test_no_value_of_the_example_has_a_comment_behind_it_which_systemd_would_take_for_a_part_of_it():
    assert re.findall(r"^[A-Z_]+=.*#.*", (DEPLOY / "danvan.env.example").read_text(), re.MULTILINE) == []


def test_the_proxy_serves_no_file_itself_and_logs_neither_queries_nor_the_links_of_invitations():
    site = (DEPLOY / "nginx" / "site.conf").read_text()
    assert not re.search(r"^\s*(root|alias)\b", site, re.MULTILINE)
    assert re.findall(r"access_log (\S+) (\w+);", site) == [("/var/log/nginx/access.log", "danvan")] * 2
    form = re.search(r"log_format danvan '([^']+)'", site)
    assert form
    assert not {"$request", "$request_uri", "$args", "$http_referer"} & set(re.findall(r"\$\w+", form[1]))


def test_alerts_ask_for_figures_that_there_are():
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"danvan_[a-z_]+", rule["expr"])}
    there = set(re.findall(r'"(danvan_[a-z_]+)"', (BASE_DIR / "danvan" / "metrics.py").read_text()))
    assert {name.removesuffix("_total") for name in asked} <= there
    assert all(rule["annotations"]["what_to_do"] for rule in rules)
