"""Users with where they serve as a table: added and changed by user name, all or nothing. Passwords neither leave nor come."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Model, QuerySet

from units.models import Membership, Unit
from units.problems import Problem, Problems, gettext_noop
from units.reach import User as ActingUser
from units.tables.laying import Cells, Change, Rows, as_yes, by_key

COLUMNS = (
    "username", "last_name", "first_name", "email", "is_active", "is_staff", "is_superuser", "groups", "permissions", "memberships",
)  # fmt: skip
#: what stands between the parts of a cell that holds several
BETWEEN = "|"
BATCH = 1000

_FIELDS = COLUMNS[:7]
_RIGHTS = ("is_active", "is_staff", "is_superuser")
_LONGEST = {"username": 150, "last_name": 150, "first_name": 150, "email": 254}
_USERNAME = re.compile(r"[\w.@+-]+")
_Any = TypeVar("_Any")


@dataclass(frozen=True, slots=True)
class Person:
    """A row. `groups` go by name, `permissions` as `app.codename`, `memberships` as `unit_uid:role`."""

    username: str
    last_name: str
    first_name: str
    email: str
    is_active: bool
    is_staff: bool
    is_superuser: bool
    groups: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)
    memberships: frozenset[str] = field(default_factory=frozenset)

    def shown(self) -> tuple[str, ...]:
        rights = (as_yes(getattr(self, name)) for name in _RIGHTS)
        several = (BETWEEN.join(sorted(each)) for each in (self.groups, self.permissions, self.memberships))
        return self.username, self.last_name, self.first_name, self.email, *rights, *several


def people_rows(users: QuerySet[User]) -> Iterator[tuple[str, ...]]:
    """Users by their names."""
    for names in _batches(users.order_by("username").values_list("username", flat=True)):
        found = _standing(names)
        yield from (found[name].shown() for name in names)


def lay_people(rows: Rows, problems: Problems, by: ActingUser) -> list[Change]:
    """Write the users of a file over those that stand; what that changes. Raises Refused.

    Whoever is new gets no password and can't sign in until one is set. `by`: who imports, and keeps their rights.
    """
    with transaction.atomic():
        brought = by_key(_read(rows, problems), "username", problems)
        known = _Known(brought.values(), problems)
        problems.refuse_if_any()
        standing = _standing(brought)
        _keep_rights(brought, standing, by, problems)
        problems.refuse_if_any()
        changed = [person for name, (_line, person) in brought.items() if standing.get(name) != person]
        _write(changed, standing, known)
    return [Change(standing[name].shown() if name in standing else None, person.shown()) for name, (_line, person) in brought.items()]


# --- In ---------------------------------------------------------------------------------------------


def _read(rows: Rows, problems: Problems) -> Iterator[tuple[int, str, Person]]:
    for line, cells in rows:
        row = Cells(cells, line, problems)
        required = {"username": gettext_noop("The cell is empty; every user has a name to sign in with.")}
        username, last_name, first_name, email = (
            row.text(name, longest, required=required.get(name, "")) for name, longest in _LONGEST.items()
        )
        username = User.normalize_username(username)
        if username and not _USERNAME.fullmatch(username):
            row.complain("username", gettext_noop("A user name holds letters, digits and @ . + - _ only."))
        _check_email(row, email)
        active, staff, superuser = (row.yes(name) for name in _RIGHTS)
        groups, permissions, memberships = (_parts(cells[name]) for name in COLUMNS[7:])
        for membership in memberships:
            if membership.rpartition(":")[2] not in Membership.Role.values:
                message = gettext_noop("“%(found)s” names no role: write UNIT:ROLE with one of %(roles)s, several with | between.")
                row.complain("memberships", message, found=membership[:80], roles=", ".join(Membership.Role.values))
        person = Person(username, last_name, first_name, email, active, staff, superuser, groups, permissions, memberships)
        yield line, username, person


def _check_email(row: Cells, email: str) -> None:
    try:
        if email:
            validate_email(email)
    except ValidationError:
        row.complain("email", gettext_noop("“%(found)s” is no e-mail address."), found=email[:80])


def _parts(cell: str) -> frozenset[str]:
    return frozenset(part.strip() for part in cell.split(BETWEEN) if part.strip())


class _Known:
    """What the rows name, by its name; what isn't there is complained of."""

    def __init__(self, brought: Iterable[tuple[int, Person]], problems: Problems) -> None:
        rows = list(brought)
        uids = {membership.rpartition(":")[0] for _line, person in rows for membership in person.memberships}
        self.units: dict[str, int] = {}
        for part in _batches(uids):
            self.units.update(Unit.objects.filter(uid__in=part).order_by().values_list("uid", "pk"))
        self.groups: dict[str, int] = dict(Group.objects.values_list("name", "pk"))
        permissions = Permission.objects.values_list("content_type__app_label", "codename", "pk")
        self.permissions: dict[str, int] = {f"{app}.{codename}": pk for app, codename, pk in permissions}
        for line, person in rows:
            units = {membership.rpartition(":")[0] for membership in person.memberships}
            for column, named, known, message in (
                ("groups", person.groups, self.groups, gettext_noop("There is no group “%(found)s”; make it first, in Groups.")),
                ("permissions", person.permissions, self.permissions, gettext_noop("There is no permission “%(found)s”.")),
                ("memberships", units, self.units, gettext_noop("There is no unit “%(found)s”; import the units first.")),
            ):
                for name in sorted(named - known.keys()):
                    problems.add(Problem(message, {"found": name[:80]}, line, column))

    def membership(self, written: str) -> dict[str, Any]:
        uid, _colon, role = written.rpartition(":")
        return {"unit_id": self.units[uid], "role": role}


def _keep_rights(brought: Mapping[str, tuple[int, Person]], standing: Mapping[str, Person], by: ActingUser, problems: Problems) -> None:
    name = by.get_username() if by is not None else ""
    if name in brought and name in standing:
        line, person = brought[name]
        for right in _RIGHTS:
            if getattr(standing[name], right) and not getattr(person, right):
                message = gettext_noop("With this you would take your own rights away; have another administrator do it.")
                problems.add(Problem(message, {}, line, right))


# --- What stands ------------------------------------------------------------------------------------


def _standing(usernames: Collection[str]) -> dict[str, Person]:
    """The users of these names, in four questions for each batch of them."""
    found: dict[str, Person] = {}
    for part in _batches(usernames):
        users = {row[0]: row[1:] for row in User.objects.filter(username__in=part).values_list("pk", *_FIELDS)}
        groups = _sets(User.groups.through.objects.filter(user__in=users).values_list("user_id", "group__name"))
        granted = User.user_permissions.through.objects.filter(user__in=users)
        named = granted.values_list("user_id", "permission__content_type__app_label", "permission__codename")
        permissions = _sets((user, f"{app}.{codename}") for user, app, codename in named)
        served = Membership.objects.filter(user__in=users).order_by().values_list("user_id", "unit__uid", "role")
        memberships = _sets((user, f"{uid}:{role}") for user, uid, role in served)
        for pk, row in users.items():
            person = Person(*row)
            found[person.username] = replace(
                person, groups=_of(groups, pk), permissions=_of(permissions, pk), memberships=_of(memberships, pk)
            )
    return found


def _batches(rows: Iterable[_Any]) -> Iterator[list[_Any]]:
    everything = iter(rows)
    while batch := list(islice(everything, BATCH)):
        yield batch


def _sets(pairs: Iterable[tuple[int, str]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for user, name in pairs:
        found.setdefault(user, set()).add(name)
    return found


def _of(sets: Mapping[int, set[str]], user: int) -> frozenset[str]:
    return frozenset(sets.get(user, ()))


# --- Writing ----------------------------------------------------------------------------------------


def _write(changed: Sequence[Person], standing: Mapping[str, Person], known: _Known) -> None:
    for people in _batches(changed):
        users = User.objects.bulk_create(
            [User(**{name: getattr(person, name) for name in _FIELDS}, password=make_password(None)) for person in people],
            update_conflicts=True,
            unique_fields=["username"],
            update_fields=_FIELDS[1:],
        )
        pairs = [(user.pk, person, standing.get(person.username)) for user, person in zip(users, people, strict=True)]
        _link(User.groups.through, pairs, "groups", lambda name: {"group_id": known.groups[name]})
        _link(User.user_permissions.through, pairs, "permissions", lambda name: {"permission_id": known.permissions[name]})
        _link(Membership, pairs, "memberships", known.membership)


def _link(
    model: type[Model], pairs: Iterable[tuple[int, Person, Person | None]], which: str, row_of: Callable[[str], dict[str, Any]]
) -> None:
    """Let these people have of `which` what their rows say, and nothing else."""
    differing = [
        (user, getattr(after, which))
        for user, after, before in pairs
        if getattr(after, which) != (getattr(before, which) if before else frozenset())
    ]
    model._default_manager.filter(user__in=[user for user, _names in differing]).delete()
    model._default_manager.bulk_create([model(user_id=user, **row_of(name)) for user, names in differing for name in sorted(names)])
