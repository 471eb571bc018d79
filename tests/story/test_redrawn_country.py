"""Two real provinces redrawn as on 1 July 2025: what was reported before is kept to the last digit on the new map.

The whole country with all its hamlets takes longer: `make bench-national ARGS="--only reorganise"` (docs/performance.md).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import Q

from benchmarks import country
from benchmarks.redrawing import DAY, add_units_of_2025, among_standing, as_file, hamlet_rows, held_against, official_rows, with_shares
from reports.demo.places import places_of, rows_under
from reports.domain.restating import Why
from reports.domain.workflow import State
from reports.models import Cycle
from reports.queries.restated import Restated
from reports.services import rolling_up
from reports.services.importing import Journey, import_figures
from reports.services.opening import open_planned
from reports.services.reorganising import reorganise_by_file
from reports.services.submitting import Declaration
from units.importing import import_units
from units.inventing import invent_hamlets
from units.levels import make_standard_levels
from units.models import Level, Unit
from units.problems import Problems
from units.reorganising import Roles

pytestmark = [pytest.mark.django_db]

#: Đà Nẵng and Ninh Thuận, of which four communes were split; and two of their districts, whose hamlets report too
PROVINCES = ["2024-P48", "2024-P58"]
DISTRICTS = ["2024-D497", "2024-D584"]


@pytest.fixture
def cycle() -> Cycle:
    """The first half of 2025, every report accepted."""
    make_standard_levels(Level)  # a test with transactions of its own may have taken them away
    import_units(rows_under(PROVINCES))
    invent_hamlets(PROVINCES)
    reporting = Unit.objects.filter(~Q(level__code="hamlet") | Q(parent__parent__uid__in=DISTRICTS)).values_list("uid", flat=True)
    plan = replace(country.plan(country.published_template(), PROVINCES), only_uids=set(reporting))
    opened = open_planned(plan, country.OPENED_AT).cycle
    journey = Journey(State.ACCEPTED, None, country.ACCEPTED_AT, declaration=Declaration(confirm_incomplete=True))
    import_figures(opened, country.figures_of(places_of(opened)), Problems(), journey)
    rolling_up.drain_all([opened.pk])
    return opened


def test_every_additive_total_is_kept_but_for_what_is_listed(cycle: Cycle) -> None:
    add_units_of_2025(PROVINCES)
    rows = among_standing([*official_rows(), *hamlet_rows()])
    reorganise_by_file(as_file(rows), by=None, at=country.ACCEPTED_AT, roles=Roles.KEEP)
    restated = Restated(cycle, DAY)

    reasons = held_against(cycle, restated)
    districts = Unit.objects.filter(level__code="district", valid_to=DAY - timedelta(days=1))
    ended = districts.exclude(uid__in=[old for old, *_ in rows]).count()
    split = len({old for old, _, _, share in rows if not share})
    assert reasons == {Why.ENDED: ended, Why.SHARE_UNKNOWN: split}
    assert list(restated.estimated()) == []

    reorganise_by_file(as_file(with_shares(rows)), by=None, at=country.ACCEPTED_AT, roles=Roles.KEEP)
    restated = Restated(cycle, DAY)
    reasons = held_against(cycle, restated)
    assert (reasons[Why.ENDED], reasons[Why.ONLY_WHOLE]) == (ended, split)
    assert Why.SHARE_UNKNOWN not in reasons
    marked = {remark.unit_uid for remark in restated.estimated()}
    shared = {new for _, new, _, share in with_shares(rows) if share != "1"}
    assert marked == shared  # and no province, in which all parts came together again
