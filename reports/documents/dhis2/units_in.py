"""Organisation units of DHIS2's metadata as rows of a units file (docs/interfaces.md), for the import that all units take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from reports.documents.dhis2.json_members import members
from reports.documents.dhis2.metadata_out import ALWAYS
from units.levels import AGENCIES
from units.models import Level, Unit
from units.names import fold
from units.problems import Problem, Problems, Refused, gettext_noop

UNITS, GROUPS, LEVELS = "organisationUnits", "organisationUnitGroups", "organisationUnitLevels"


def unit_rows(source: BinaryIO, problems: Problems) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each unit as the line where it begins and its cells by column. `source` is read twice, since groups may come after units.

    A unit's uid is its code, or its id where it has none. Its level is that of the group of that code which it is in, or that of
    DHIS2's level by code or name. DHIS2 knows no official codes. Raises Refused where the file can't be read.
    """
    known = _Known.of(source)
    source.seek(0)
    for member in members(source):
        if member.key == UNITS and isinstance(member.value, dict):
            level = known.level_of(member.value)
            if level:
                yield member.line, _row(member.value, level, known)
            else:
                message = gettext_noop(
                    "Nothing says at which level the unit stands: put it into an organisation unit group with the code of one (%(known)s)."
                )
                problems.add(Problem(message, {"known": ", ".join(known.codes)}, member.line, GROUPS, _text(member.value, "code")))


@dataclass(slots=True)
class _Known:
    """What the file says of its units apart from them: uid and level by id, and level by DHIS2's level, which is a depth.

    `codes` are those of our levels.
    """

    codes: list[str]
    uids: dict[str, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    by_depth: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, source: BinaryIO) -> _Known:
        ours = list(Level.objects.all())
        by_name = {fold(name): level.code for level in ours for name in (level.code, level.name, level.name_en) if name}
        known = cls([level.code for level in ours])
        for key, _line, value in members(source):
            if not isinstance(value, dict):
                continue
            code, depth = _text(value, "code"), value.get("level")
            if key == UNITS:
                known.uids[_text(value, "id")] = code or _text(value, "id")
            elif key == GROUPS and code in known.codes:
                known.levels.update(dict.fromkeys(_ids(value.get("organisationUnits")), code))
            elif key == LEVELS and isinstance(depth, int):
                known.by_depth[depth] = by_name.get(fold(code)) or by_name.get(fold(_text(value, "name"))) or ""
        if not known.uids:
            raise Refused(Problem(gettext_noop("The file holds no organisationUnits."), line=1))
        return known

    def level_of(self, unit: Mapping[str, Any]) -> str:
        """The code of our level at which it stands; empty where the file doesn't say."""
        depth = unit.get("level")
        return self.levels.get(_text(unit, "id")) or (self.by_depth.get(depth, "") if isinstance(depth, int) else "")


def _row(unit: Mapping[str, Any], level: str, known: _Known) -> dict[str, str]:
    opened, parent = _text(unit, "openingDate")[:10], unit.get("parent")
    return {
        "uid": known.uids[_text(unit, "id")],
        "name": _text(unit, "name"),
        "kind": Unit.Kind.AGENCY.value if level == AGENCIES else Unit.Kind.TERRITORY.value,
        "level": "" if level == AGENCIES else level,
        "parent_uid": _uid(parent, known) if isinstance(parent, dict) else "",
        "valid_from": "" if opened == ALWAYS else opened,
        "valid_to": _text(unit, "closedDate")[:10],
    }


def _uid(parent: Mapping[str, Any], known: _Known) -> str:
    told_id = _text(parent, "id")
    return known.uids.get(told_id) or _text(parent, "code") or told_id


def _ids(references: Any) -> Iterator[str]:
    if isinstance(references, list):
        yield from (_text(each, "id") for each in references if isinstance(each, dict))


def _text(told: Mapping[str, Any], name: str) -> str:
    """A member that is a text; anything else is none."""
    value = told.get(name)
    return value if isinstance(value, str) else ""
