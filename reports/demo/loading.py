"""Loading the demo: all of it in one transaction, so that a load that is killed leaves nothing behind and starts afresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from reports.demo import (
    coordination,
    current_year,
    earlier_halves,
    finished_year,
    five_year_survey,
    half_year,
    hamlet_scores,
    paper,
    register,
)
from reports.demo.accounts import Account, accounts, make_accounts
from reports.demo.places import load_units, redraw
from reports.demo.windows import opened_at
from reports.domain.periods import parse_period
from reports.models import Cycle, TemplateVersion
from reports.services import flagging, library
from reports.wording import period_name
from units.inventing import FIRST_DAY_OF_2025_TREE

TEMPLATE = "dan-van"


def load_demo(say: Callable[[str], None], at: datetime) -> list[Account]:
    """Load units, template, cycles, figures and accounts as of moment `at`, unless they are there; the accounts.

    `say` is told a line before each step. Raises Refused where what stands in the database is in the way.
    """
    if not is_loaded():
        with transaction.atomic():
            _load(say, at)
    return accounts()


def is_loaded() -> bool:
    """Reports can't be deleted, nor can their cycle: once the demo was loaded, its first cycle stands."""
    return Cycle.objects.filter(code=f"{TEMPLATE}-{finished_year.PERIOD}").exists()


def _load(say: Callable[[str], None], at: datetime) -> None:
    say(gettext("Loading the demo: real units, with hamlets and figures that are invented …"))
    loaded, invented = load_units()
    redraw(opened_at(FIRST_DAY_OF_2025_TREE))
    say(gettext("%(units)d units, %(hamlets)d invented hamlets.") % {"units": loaded.added, "hamlets": invented.hamlets})
    versions = _library()
    version = versions[TEMPLATE]
    paper.load()
    users = make_accounts()
    register.load(users)
    say(gettext("Reports of earlier years …"))
    five_year_survey.load_years_before(version, users)
    earlier_halves.load(version, users)
    say(gettext("Reports of %(period)s …") % {"period": period_name(finished_year.PERIOD)})
    finished_year.load(version, users)
    say(gettext("Reports of %(period)s …") % {"period": period_name(half_year.PERIOD)})
    half_year.load(version, users)
    register.load_late_comer(users)
    say(gettext("A survey of five years …"))
    five_year_survey.load(versions[five_year_survey.TEMPLATE], users)
    say(gettext("Scoring sheets of chosen hamlets …"))
    hamlet_scores.load(versions[hamlet_scores.TEMPLATE], users)
    hamlet_scores.let_choose(users, at)
    say(gettext("Reports of the current year …"))
    register.load_current(users, at)
    current_year.load(version, users, at)
    coordination.load(versions[coordination.TEMPLATE], users, at)
    flagging.sweep(at)


def _library() -> Mapping[str, TemplateVersion]:
    """The library's templates by code, published before the first cycle."""
    shelved = library.load(opened_at(parse_period(f"{five_year_survey.YEARS_BEFORE[0]}-Y").last_day))
    return {each.version.template.code: each.version for each in shelved}
