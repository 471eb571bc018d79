"""Whole page views at the size of the database, as the server spends its time on them: an officer's and a province's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from statistics import quantiles

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from benchmarks.jobs.newest_province import seats
from benchmarks.measuring import Line, Setting, counting_queries, timed
from reports.models import Report

#: views of each page in a round
VIEWS = 8
OFFICERS_BAR, PROVINCES_BAR = 0.100, 0.250

_OFFICERS = (
    "/",
    "/cycles/",
    "{r}",
    "{r}submit/",
    "{r}below/",
    "{r}totals/",
    "{r}totals/hg_tiep_nhan/",
    "{r}narratives/kien_nghi/",
    "/downloads/",
)
_PROVINCES = (
    *_OFFICERS,
    "{r}below/?state=submitted",
    "{r}below/missing/",
    "{child}",
    "{child}review/",
    "{child}totals/",
    "/dashboards/",
    "{d}progress/",
    "{d}timeliness/",
    "{d}indicators/",
    "{d}warnings/",
)


def measured(setting: Setting) -> Iterator[Line]:
    call_command("collectstatic", interactive=False, verbosity=0)
    seat = seats()
    child = Report.objects.filter(superior=seat.province, state="submitted").order_by("position")[0]
    below = Report.objects.below(seat.province).filter(level__code="hamlet").count()
    children = seat.province.subordinates.count()
    reports = Report.objects.count()
    for who, user, report, paths, bar in (
        ("a commune's officer", seat.officer, seat.commune, _OFFICERS, OFFICERS_BAR),
        (f"a province with {children} children and {below} hamlets", seat.reviewer, seat.province, _PROVINCES, PROVINCES_BAR),
    ):
        pages = [path.format(r=f"/reports/{report.pk}/", child=f"/reports/{child.pk}/", d=f"/dashboards/{report.pk}/") for path in paths]
        views = Views(user)
        rounds = [views.of(pages) for _ in range(setting.repeat)]
        yield Line(
            f"page views of {who}: 95 of 100 take less",
            [_percentile_95(samples) for samples in rounds],
            most_seconds=bar,
            reports=reports,
            note=f"{len(pages)} pages, {VIEWS} views of each in a round",
        )
        for page, path in zip(pages, paths, strict=True):
            yield Line(
                f"of {who}: {path}", [seconds for each in rounds for seconds in each[page]], queries=views.queries[page], reports=reports
            )


class Views:
    """One user's views, in this process: everything between a request and the last byte of its answer but the network."""

    def __init__(self, user: User) -> None:
        import_module("danvan.wsgi")  # as a server starts: what it does once and for all counts for every view
        self._client = Client()
        self._client.force_login(user)
        self.queries: dict[str, int] = {}

    def of(self, pages: Sequence[str]) -> dict[str, list[float]]:
        """Seconds of each view, by page, after one of each that doesn't count."""
        for page in pages:
            with counting_queries(connection) as sent:
                self._look(page)
            self.queries[page] = len(sent)
        samples: dict[str, list[float]] = {page: [] for page in pages}
        for _ in range(VIEWS):
            for page, kept in samples.items():
                kept.append(timed(partial(self._look, page)))
        return samples

    def _look(self, page: str) -> None:
        answer = self._client.get(page)
        assert answer.status_code == 200, f"{page} answers {answer.status_code}."
        assert answer.content


def _percentile_95(samples: dict[str, list[float]]) -> float:
    return quantiles([seconds for kept in samples.values() for seconds in kept], n=100)[94]
