from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from reports.domain.periods import Period, parse_period
from reports.management.arguments import by_level, day, placed_in_file, text_of, units_in_file, usage_error
from reports.models import Cycle, Selection, TemplateVersion
from reports.models.cycle import DEFAULT_CORRECTION_DAYS, DEFAULT_REMINDERS, DEFAULT_REVIEW_DAYS
from reports.services import configuring, opening
from reports.services.opening import LevelsWithoutDueDay, Plan
from units.management.refusing import RefusingCommand
from units.models import Unit
from units.problems import Problem, Refused, gettext_noop
from units.wording import say


class Command(RefusingCommand):
    help = "Open a cycle of a template's newest published version that isn't retired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # argparse takes `-3,0,1` for an option unless it is told that this is what negative numbers look like here
        parser._negative_number_matcher = re.compile(r"-\d+(,-?\d+)*$")  # noqa: SLF001
        parser.add_argument("--template", metavar="CODE", required=True)
        parser.add_argument("--period", required=True, type=_period, help="2025-H1, 2025-Y, 2025-Q1, 2025-M01, 2021..2025")
        parser.add_argument("--under", metavar="UID", nargs="+", action="extend", required=True, help="these units and all below them")
        parser.add_argument("--on", metavar="DAY", type=day, help="the day whose tree is taken; default: the period's last day")
        parser.add_argument("--levels", type=_codes, default=[], help="a,b: the levels that report; default: every level found")
        parser.add_argument(
            "--kind", nargs="+", action="extend", choices=Unit.Kind.values, help="the kinds of units that report; default: territory"
        )
        parser.add_argument("--units", metavar="FILE", help="only these of the units: a CSV with the column unit_uid")
        parser.add_argument("--without", metavar="UID", nargs="+", action="extend", default=[], help="leave these out, and all below them")
        parser.add_argument("--selection", metavar="CODE", help="of the level that it is about, only the units chosen in this selection")
        parser.add_argument("--due", metavar="LEVEL=DAY", nargs="+", action="extend", required=True, help="each level's due day")
        parser.add_argument("--first-day", metavar="DAY", type=day)
        parser.add_argument("--cut-off", metavar="DAY", type=day, help="the period's last day")
        parser.add_argument("--review-days", metavar="N", type=_count, default=DEFAULT_REVIEW_DAYS, help="working days")
        parser.add_argument("--correction-days", metavar="N", type=_count, default=DEFAULT_CORRECTION_DAYS, help="working days")
        parser.add_argument(
            "--approval", metavar="LEVEL", nargs="+", action="extend", default=[], help="levels that ask for the leader's approval"
        )
        parser.add_argument("--remind", metavar="N,N", type=_ladder, default=DEFAULT_REMINDERS, help="days from the due day")
        parser.add_argument(
            "--estimated", action="store_true", help="the figures are estimated, and official ones are asked for later (ask_official)"
        )
        parser.add_argument(
            "--official-due", metavar="LEVEL=DAY", nargs="+", action="extend", default=[], help="due days of official figures, as planned"
        )
        parser.add_argument("--code", type=text_of(Cycle.code.field), help="default: TEMPLATE-PERIOD")

    def handle(self, *args: Any, **options: Any) -> None:
        due, official_due = by_level(options["due"]), by_level(options["official_due"])
        _check_levels([*due, *official_due, *options["levels"], *options["approval"]])
        plan = replace(_plan(options, due), official_due=official_due if official_due or options["estimated"] else None)
        self.file_name = options["units"] or ""
        lines = units_in_file(self.file_name) if self.file_name else None
        try:
            with placed_in_file(lines or {}):
                opened = opening.open_planned(replace(plan, only_uids=lines), timezone.now())
        except LevelsWithoutDueDay as error:
            raise usage_error(
                gettext("These levels report and need --due LEVEL=DAY: %(levels)s") % {"levels": ", ".join(error.levels)}
            ) from error
        self.stdout.write(opened.cycle.code)
        for level, count in opened.by_level.items():
            self.stdout.write(f"{level}: {count}")


def _plan(options: dict[str, Any], due: dict[str, date]) -> Plan:
    period: Period = options["period"]
    version = TemplateVersion.objects.newest_in_use(options["template"])
    if version is None:
        raise Refused(
            Problem(gettext_noop("There is no published version in use of a template “%(code)s”."), {"code": options["template"]})
        )
    cut_off = options["cut_off"] or period.last_day
    return Plan(
        selection=_selection(options["selection"]),
        without=list(dict.fromkeys(options["without"])),
        version=version,
        period=period.code,
        first_day=options["first_day"] or period.first_day,
        cut_off=cut_off,
        reference_day=options["on"] or cut_off,
        under=list(dict.fromkeys(options["under"])),
        due=due,
        levels=options["levels"],
        kinds=options["kind"] or [Unit.Kind.TERRITORY],
        approval=options["approval"],
        review_days=options["review_days"],
        correction_days=options["correction_days"],
        reminders=options["remind"],
        code=options["code"] or "",
    )


def _selection(code: str | None) -> Selection | None:
    if code is None:
        return None
    selection = Selection.objects.select_related("level").filter(code=code).first()
    if selection is None:
        raise Refused(Problem(gettext_noop("There is no selection “%(code)s”."), {"code": code}))
    return selection


def _check_levels(codes: Collection[str]) -> None:
    known = configuring.level_codes()
    unknown = [code for code in dict.fromkeys(codes) if code not in known]
    if unknown:
        raise usage_error(
            gettext("There is no such level: %(levels)s. Known are: %(known)s") % {"levels": ", ".join(unknown), "known": ", ".join(known)}
        )


def _period(text: str) -> Period:
    try:
        return parse_period(text)
    except Refused as refused:
        raise ArgumentTypeError(say(refused.problems.kept[0])) from refused


def _codes(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        raise ArgumentTypeError(gettext("“%(text)s” is no number of days") % {"text": text})
    return int(text)


def _ladder(text: str) -> list[int]:
    if not re.fullmatch(r"-?\d{1,3}(,-?\d{1,3})*", text, re.ASCII):
        raise ArgumentTypeError(gettext("“%(text)s” is no list of days: write them as -3,0,1,3,7") % {"text": text})
    return sorted({int(part) for part in text.split(",")})
