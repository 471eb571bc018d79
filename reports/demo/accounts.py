"""Who can sign in to the demo. Units without accounts are filled in for by their superiors (semantics §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext

from reports.demo.places import AGENCY_OF_VISITOR, COMMUNE_AFTER, COMMUNE_BEFORE, DISTRICT_BEFORE, PROVINCE_AFTER, PROVINCE_BEFORE
from units.models import Membership
from units.problems import Problem, Problems, gettext_noop
from units.tree import units_named

#: printed and public: the demo answers on this machine only
PASSWORD = "dan-van-kheo-2025"  # noqa: S105

Role = Membership.Role
_OFFICE = (Role.PREPARER, Role.APPROVER)
_TEAM = (*_OFFICE, Role.REVIEWER)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the demo, as it is told to whoever starts it."""

    username: str
    password: str
    who: str


@dataclass(frozen=True, slots=True)
class _Post:
    username: str
    title: str
    unit_uid: str
    roles: tuple[Role, ...]
    who: str


_POSTS = (
    _Post("can-bo-xa", "Cán bộ dân vận xã", COMMUNE_BEFORE, _TEAM, gettext_noop("officer of a commune: %(unit)s")),
    _Post("huyen", "Ban Dân vận huyện", DISTRICT_BEFORE, _TEAM, gettext_noop("reviews and reports for a district: %(unit)s")),
    _Post(
        "tinh",
        "Ban Dân vận tỉnh",
        PROVINCE_BEFORE,
        (*_TEAM, Role.CYCLE_MANAGER),
        gettext_noop("reviews and reports for a province: %(unit)s"),
    ),
    _Post("xa-tq", "Cán bộ dân vận xã", COMMUNE_AFTER, _TEAM, gettext_noop("officer of a commune since July 2025: %(unit)s")),
    _Post(
        "tinh-tq",
        "Ban Dân vận tỉnh",
        PROVINCE_AFTER,
        (*_TEAM, Role.CYCLE_MANAGER),
        gettext_noop("reviews for a province since July 2025: %(unit)s"),
    ),
    _Post("so-y-te", "Văn phòng Sở Y tế", AGENCY_OF_VISITOR, _OFFICE, gettext_noop("reports for an agency beside the province: %(unit)s")),
)
_ADMINISTRATOR = "quan-tri"


def make_accounts() -> dict[str, AbstractUser]:
    """Make the accounts with their memberships; those that act for a unit, by the unit's uid. Refuses names that are taken."""
    users = get_user_model().objects
    _refuse_taken_names()
    password = make_password(PASSWORD)
    units = units_named([post.unit_uid for post in _POSTS])
    found: dict[str, AbstractUser] = {}
    for post, unit in zip(_POSTS, units, strict=True):
        user = users.create(username=post.username, password=password, first_name=post.title, email=_address(post.username))
        Membership.objects.bulk_create(Membership(user=user, unit=unit, role=role) for role in post.roles)
        found[post.unit_uid] = user
    users.create(
        username=_ADMINISTRATOR,
        password=password,
        first_name="Quản trị hệ thống",
        email=_address(_ADMINISTRATOR),
        is_staff=True,
        is_superuser=True,
    )
    return found


def accounts() -> list[Account]:
    """The accounts as they are told, in the active language."""
    names: Mapping[str, str] = {unit.uid: unit.name for unit in units_named([post.unit_uid for post in _POSTS])}
    told = [Account(post.username, PASSWORD, gettext(post.who) % {"unit": names[post.unit_uid]}) for post in _POSTS]
    return [*told, Account(_ADMINISTRATOR, PASSWORD, gettext("administrator: configures levels, units, templates, cycles and memberships"))]


def _refuse_taken_names() -> None:
    names = [*(post.username for post in _POSTS), _ADMINISTRATOR]
    problems = Problems()
    for name in get_user_model().objects.filter(username__in=names).values_list("username", flat=True):
        problems.add(
            Problem(gettext_noop("There is an account “%(name)s” already: load the demo into a database of its own."), {"name": name})
        )
    problems.refuse_if_any()


def _address(username: str) -> str:
    return f"{username}@example.com"
