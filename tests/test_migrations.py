"""Migrations since the first release keep no writer waiting on a table that grows with the country, and can be taken back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

OURS = ("accounts", "audit", "reports", "units")
#: the newest migration of each app at the first release; what is older ran on empty tables, or nowhere
FIRST_RELEASE = {"accounts": 1, "audit": 2, "reports": 16, "units": 4}
#: tables with a row for each unit, report or act
LARGE = (
    "units.Unit", "units.Succession", "audit.AuditEntry", "reports.Report", "reports.Adjustment", "reports.Attachment",
    "reports.JournalEntry", "reports.Submission", "reports.ReviewNote", "reports.ReviewAnswer", "reports.Rollup",
    "reports.RollupMark", "reports.Flag", "reports.Reminder",
)  # fmt: skip
#: what squawk calls that which scans or rewrites a table while it excludes writers
KEEPS_WRITERS_WAITING = (
    "require-concurrent-index-creation", "require-concurrent-index-deletion", "constraint-missing-not-valid",
    "adding-foreign-key-constraint", "disallowed-unique-constraint", "adding-field-with-default",
    "adding-serial-primary-key-field", "adding-not-nullable-field", "changing-column-type", "adding-required-field",
    "ban-truncate-cascade",
)  # fmt: skip
#: and that which takes away what the version before still reads and writes while it runs
BREAKS_THE_VERSION_BEFORE = ("renaming-column", "renaming-table", "ban-drop-column", "ban-drop-table")
#: migrations that may, and why
ALLOWED: dict[str, str] = {}


def faults(sql: str, folder: Path) -> list[str]:
    """The rules that these statements break, each with its table."""
    file = folder / "migration.sql"
    file.write_text(sql)
    squawk = Path(sys.executable).with_name("squawk")
    said = subprocess.run([squawk, "--reporter=json", "--pg-version=14.0", file], capture_output=True, text=True, check=False)
    assert said.stdout, said.stderr
    large = {apps.get_model(label)._meta.db_table for label in LARGE}
    return list(_faults(json.loads(said.stdout), sql.splitlines(), large))


def _faults(found: list[dict], lines: list[str], large: set[str]) -> Iterator[str]:
    for each in found:
        statement = next(line for line in reversed(lines[: each["line"] + 1]) if line and not line.startswith(" "))
        tables = set(re.findall(r'(?:TABLE|ON|INDEX)(?: CONCURRENTLY)? (?:ONLY )?"?(\w+)', statement))
        rule = each["rule_name"]
        if rule in BREAKS_THE_VERSION_BEFORE or (rule in KEEPS_WRITERS_WAITING and tables & large):
            yield f"{rule}: {statement[:120]}"


def since_the_first_release() -> list[Migration]:
    loader = MigrationLoader(connection)
    nodes = [node for app in OURS for node in loader.graph.nodes if node[0] == app]
    return [loader.disk_migrations[node] for node in sorted(nodes) if int(node[1][:4]) > FIRST_RELEASE.get(node[0], 0)]


def test_no_migration_since_the_first_release_keeps_writers_waiting_or_breaks_the_version_before(tmp_path: Path):
    loader = MigrationLoader(connection, replace_migrations=False)
    for migration in since_the_first_release():
        name = f"{migration.app_label}.{migration.name}"
        sql = "\n".join(loader.collect_sql([(loader.graph.nodes[migration.app_label, migration.name], False)]))
        assert name in ALLOWED or faults(sql, tmp_path) == [], name


def test_every_migration_since_the_first_release_can_be_taken_back():
    for migration in since_the_first_release():
        assert all(operation.reversible for operation in migration.operations), f"{migration.app_label}.{migration.name}"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ('CREATE INDEX "i" ON "reports_report" ("due_on")', "require-concurrent-index-creation"),
        ('CREATE INDEX CONCURRENTLY "i" ON "reports_report" ("due_on")', ""),
        ('CREATE INDEX "i" ON "reports_cycle" ("code")', ""),
        ('ALTER TABLE "reports_report" ADD COLUMN "x" integer NULL', ""),
        ('ALTER TABLE "reports_report" ADD COLUMN "x" integer DEFAULT 0 NOT NULL', ""),
        ('ALTER TABLE "reports_report" ADD COLUMN "x" uuid DEFAULT gen_random_uuid() NOT NULL', "adding-field-with-default"),
        ('ALTER TABLE "units_unit" ALTER COLUMN "code" TYPE varchar(9)', "changing-column-type"),
        ('ALTER TABLE "units_unit" ALTER COLUMN "code" SET NOT NULL', "adding-not-nullable-field"),
        ('ALTER TABLE "reports_rollup" ADD CONSTRAINT "c" CHECK ("counted" >= 0)', "constraint-missing-not-valid"),
        ('ALTER TABLE "reports_rollup" ADD CONSTRAINT "c" CHECK ("counted" >= 0) NOT VALID', ""),
        ('ALTER TABLE "reports_report" ADD CONSTRAINT "f" FOREIGN KEY ("a") REFERENCES "b" ("id")', "adding-foreign-key-constraint"),
        ('ALTER TABLE "reports_flag" ADD CONSTRAINT "u" UNIQUE ("kind")', "disallowed-unique-constraint"),
        ('ALTER TABLE "reports_cycle" RENAME COLUMN "a" TO "b"', "renaming-column"),
        ('ALTER TABLE "reports_cycle" DROP COLUMN "a"', "ban-drop-column"),
    ],
)
def test_what_keeps_writers_waiting_is_known(statement: str, rule: str, tmp_path: Path):
    found = faults(f"BEGIN;\n{statement};\nCOMMIT;\n", tmp_path)
    assert rule in {each.split(":")[0] for each in found} if rule else found == []
