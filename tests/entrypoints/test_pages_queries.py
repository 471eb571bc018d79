"""What a page asks of the database is a fixed number of queries, whatever the size of the tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reports.models import Report
from reports.queries.lineage import lineage
from reports.queries.worklists import worklist
from reports.services import rolling_up
from tests.builders import Play, at, given_user
from tests.entrypoints.pages import given_form_cycle, signed_in

pytestmark = pytest.mark.django_db
MOMENT = at("2025-06-19 12:00")
#: the most that any read-only page asks, with session and user
MOST = 25


def given_province(name: str, districts: int, communes: int, hamlets: int) -> Play:
    """Half of the hamlets submitted, some accepted, the commune's own figures saved, an adjustment, flags, a report given back."""
    play = given_form_cycle(
        outline={
            name: {
                f"{name}-{d}": {f"{name}-{d}-{c}": [f"{name}-{d}-{c}-{h}" for h in range(hamlets)] for c in range(communes)}
                for d in range(districts)
            }
        }
    )
    for d in range(districts):
        for c in range(communes):
            commune = f"{name}-{d}-{c}"
            handed_in = [f"{commune}-{h}" for h in range(max(hamlets // 2, 3))]
            for uid in handed_in:
                play.save(uid, ho="10", ngheo="2")
            play.submit(*handed_in)
            play.accept(*handed_in[1:-1])
            play.do("return_for_correction", handed_in[0])
            play.save(commune, cuoc="3")
            play.adjust(commune, "ho", "1")
    rolling_up.drain_all([play.cycle.pk])
    play.sweep(MOMENT)
    return play


def counts(name: str, play: Play) -> Iterator[tuple[str, int]]:
    places = {"province": name, "district": f"{name}-0", "commune": f"{name}-0-0", "hamlet": f"{name}-0-0-0"}
    for level, uid in places.items():
        reader = signed_in(given_user(f"officer of {uid}", **{uid: "preparer approver reviewer"}))
        report = play.report(uid)
        paths = ["/", "/cycles/", "/downloads/", "/dashboards/"]
        paths += [
            "/reports/%s/" + path
            for path in (
                "",
                "submit/",
                "review/",
                "below/",
                "below/missing/",
                "below/missing/?scope=all",
                "totals/",
                "totals/?section=1",
                "totals/ho/",
                "narratives/uu_diem/",
                "submissions/",
            )
        ]
        if report.has_reports_below:
            paths += ["/reports/%s/totals/ty_le/", "/reports/%s/totals-pending/", "/reports/%s/below/?state=submitted"]
            paths += [f"/dashboards/%s/{each}/" for each in ("progress", "timeliness", "indicators", "warnings")]
        for path in paths:
            yield f"{level} {path}", asked(reader, path.replace("%s", str(report.pk)))


def asked(reader: Client, path: str) -> int:
    """How many queries the page takes once the template is known."""
    assert reader.get(path).status_code in (200, 204)
    with CaptureQueriesContext(connection) as queries:
        reader.get(path)
    return len(queries)


def test_every_page_asks_as_often_in_a_large_province_as_in_a_small_one():
    small, large = given_province("P", 1, 1, 4), given_province("Q", 2, 3, 10)
    assert Report.objects.filter(cycle=large.cycle).count() > 9 * Report.objects.filter(cycle=small.cycle).count()
    few, many = dict(counts("P", small)), dict(counts("Q", large))
    assert many == few
    assert {page: count for page, count in many.items() if count > MOST} == {}


@pytest.mark.parametrize("size", [(1, 1, 4), (2, 3, 10)])
def test_a_worklist_takes_two_queries_and_a_lineage_three(size: tuple[int, int, int], django_assert_num_queries: Any):
    play = given_province("P", *size)
    units = list(Report.objects.filter(cycle=play.cycle).values_list("unit_id", flat=True))
    with django_assert_num_queries(2):
        assert worklist(units, units, MOMENT).to_review
    for uid in ("P", "P-0", "P-0-0"):
        report = Report.objects.for_display().select_related("rollup").get(cycle=play.cycle, unit__uid=uid)
        for code in ("ho", "ty_le"):
            with django_assert_num_queries(3):
                assert lineage(report, play.template.by_code[code]).parts
