from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from reports.management.arguments import add_user, opened, usage_error, user_named
from reports.services import reorganising
from units.management.refusing import RefusingCommand
from units.models import Reorganisation
from units.problems import Problem, Refused, gettext_noop
from units.reach import User
from units.reorganising import Roles


class Command(RefusingCommand):
    help = "Record successions of units that are already imported, all of them or none; or take a reorganisation back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", help="predecessor_uid,successor_uid,effective_on,share; - is standard input")
        parser.add_argument(
            "--roles",
            choices=Roles.values,
            default=Roles.KEEP.value,
            help="what becomes of the roles at predecessors: they stay (the default), are also given at the successors, or go over to them",
        )
        parser.add_argument("--undo", metavar="NUMBER", type=int, help="take this reorganisation back, until a cycle was opened on it")
        add_user(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["file"] is None) == (options["undo"] is None):
            raise usage_error(gettext("Name a FILE, or --undo with the number of a reorganisation"))
        by = user_named(options["user"])
        if options["file"] is None:
            self._undo(options["undo"], by)
        else:
            self._reorganise(options["file"], Roles(options["roles"]), by)

    def _reorganise(self, name: str, roles: Roles, by: User) -> None:
        self.file_name = name
        with opened(name) as source:
            done = reorganising.reorganise_by_file(source, by=by, at=timezone.now(), roles=roles, summary=name)
        counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged}
        self.stdout.write(gettext("Successions: %(added)d added, %(changed)d changed, %(unchanged)d unchanged.") % counts)
        if done.recorded:
            before = done.before
            counts = {"ended": len(before.last_days), "begun": len(before.first_days), "roles": len(before.roles_given)}
            self.stdout.write(
                gettext("Days were set for %(ended)d units that end and %(begun)d that begin; %(roles)d roles given.") % counts
            )
            self.stdout.write(gettext("To take it back: reorganise --undo %(number)d") % {"number": done.recorded.pk})

    def _undo(self, number: int, by: User) -> None:
        recorded = Reorganisation.objects.filter(pk=number).first()
        if recorded is None:
            raise Refused(Problem(gettext_noop("There is no reorganisation number %(number)d."), {"number": number}))
        reorganising.undo(recorded, by=by, at=timezone.now())
        self.stdout.write(gettext("Reorganisation %(number)d is undone.") % {"number": number})
