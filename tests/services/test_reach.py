"""Who reads what (semantics §9): units along today's tree, reports along their cycle's frozen superiors."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from reports.models import Report
from reports.policies import Standing, reports_in_reach
from tests.builders import given_cycle, given_user
from units.models import Membership
from units.reach import units_in_reach

pytestmark = pytest.mark.django_db
OUTLINE = {"P": {"D": {"C": ["H1", "H2"], "K": ["H3"]}, "E": {"L": []}}, "Q": {"F": {}}}
BELOW = {
    "P": ["C", "D", "E", "H1", "H2", "H3", "K", "L", "P"],
    "D": ["C", "D", "H1", "H2", "H3", "K"],
    "C": ["C", "H1", "H2"],
    "H1": ["H1"],
    "Q": ["F", "Q"],
}


def reports(user: Any) -> list[str]:
    return sorted(reports_in_reach(user).values_list("unit__uid", flat=True))


def units(user: Any) -> list[str]:
    return sorted(units_in_reach(user).values_list("uid", flat=True))


@pytest.mark.parametrize("uid", BELOW)
@pytest.mark.parametrize("role", Membership.Role.values)
def test_a_user_reads_the_unit_of_the_membership_and_everything_below_it_in_whatever_role(uid: str, role: str):
    given_cycle(outline=OUTLINE)
    user = given_user("user", **{uid: role})
    assert reports(user) == units(user) == BELOW[uid]


def test_several_memberships_add_up_without_doubles():
    given_cycle(outline=OUTLINE)
    user = given_user("user", C="viewer preparer", D="reviewer", Q="viewer")
    assert reports(user) == units(user) == sorted([*BELOW["D"], *BELOW["Q"]])


def test_nobody_else_reads_anything():
    given_cycle(outline=OUTLINE)
    former, disabled, superuser = given_user("former", P="viewer"), given_user("disabled", P="viewer"), given_user("super")
    Membership.objects.filter(user=former).delete()
    disabled.is_active = False
    disabled.save()
    superuser.is_superuser = superuser.is_staff = True
    superuser.save()
    for user in (former, disabled, superuser, AnonymousUser(), given_user("new")):
        assert (reports(user), units(user)) == ([], [])
        assert not Standing(user).reaches(Report.objects.select_related("superior").get(unit__uid="P"))


def test_one_report_and_a_list_of_them_answer_alike_in_every_cycle():
    version = given_cycle(outline=OUTLINE).cycle.version
    given_cycle(version, {}, under=["D", "Q"], period="2025-Q1", levels=["commune", "hamlet", "province"])
    given_cycle(version, {}, under=["P"], period="2025-Q2", only_uids=["P", "C", "H2", "L"])
    for uid in ("P", "D", "C", "H1", "E", "Q"):
        user = given_user(f"user-{uid}", **{uid: "viewer"})
        standing = Standing(user)
        every = Report.objects.select_related("superior")
        assert {report.pk for report in every if standing.reaches(report)} == set(reports_in_reach(user).values_list("pk", flat=True))
        assert {action for report in every.select_related("cycle") for action in standing.allowed(report)} == set()
