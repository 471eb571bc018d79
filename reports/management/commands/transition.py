from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.translation import gettext

from reports.domain.workflow import Action
from reports.management.arguments import (
    add_moment,
    add_units,
    add_user,
    at_or_now,
    cycle_named,
    day,
    placed_in_file,
    units_in_file,
    usage_error,
    user_named,
)
from reports.models import Report
from reports.policies import reports_in_reach
from reports.queries.consolidated import reports_named
from reports.services import reviewing, rolling_up, submitting
from reports.services.submitting import Declaration
from units.management.refusing import RefusingCommand

ACTIONS = [action.value for action in Action if action not in (Action.SAVE, Action.APPRAISE, Action.ASK_OFFICIAL)]
WITH_DAY = (Action.EXTEND, Action.RETURN, Action.REOPEN)


class Command(RefusingCommand):
    help = "Take an action on the reports of the units named: on all of them, the deepest first, or on none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument("action", metavar="ACTION", choices=ACTIONS, help=", ".join(ACTIONS))
        add_units(parser)
        add_moment(parser)
        parser.add_argument("--reason", default="", help="goes into the journal; return, reopen, exempt, extend and send_back need one")
        parser.add_argument("--until", metavar="DAY", type=day, help="extend: the new due day; return, reopen: to be corrected by")
        parser.add_argument("--confirm-incomplete", action="store_true", help="submit although reports below are not all accepted")
        add_user(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        action = Action(options["action"])
        if action is Action.EXTEND and options["until"] is None:
            raise usage_error(gettext("extend needs --until DAY"))
        if options["until"] is not None and action not in WITH_DAY:
            raise usage_error(gettext("--until goes with extend, return and reopen"))
        if not options["unit"] and not options["units"]:
            raise usage_error(gettext("name units with --unit UID or --units FILE"))
        user = user_named(options["user"])
        cycle = cycle_named(options["cycle"], user)
        self.file_name = options["units"] or ""
        lines = units_in_file(self.file_name) if self.file_name else {}
        with placed_in_file(lines):
            ids = reports_named(cycle, list(dict.fromkeys([*options["unit"], *lines])), reports_in_reach(user))
            who_and_when = {"by": user, "at": at_or_now(options["at"]), "reason": options["reason"]}
            _service(action, options["until"], options["confirm_incomplete"])(Report.objects.filter(pk__in=list(ids)), **who_and_when)
        rolling_up.drain_all([cycle.pk])
        self.stdout.write(gettext("%(action)s: %(count)d reports.") % {"action": action.value, "count": len(ids)})


def _service(action: Action, until: date | None, confirm_incomplete: bool) -> Callable[..., object]:
    def submit(reports: Any, **who_and_when: Any) -> None:
        submitting.submit(reports, declaration=Declaration(confirm_incomplete=confirm_incomplete), **who_and_when)

    def with_day(service: Callable[..., object]) -> Callable[..., object]:
        return lambda reports, **who_and_when: service(reports, until=until, **who_and_when)

    return {
        Action.PROPOSE: submitting.propose,
        Action.SEND_BACK: submitting.send_back,
        Action.SUBMIT: submit,
        Action.WITHDRAW: submitting.withdraw,
        Action.ACCEPT: reviewing.accept,
        Action.RETURN: with_day(reviewing.return_for_correction),
        Action.REOPEN: with_day(reviewing.reopen),
        Action.EXEMPT: reviewing.exempt,
        Action.UNEXEMPT: reviewing.unexempt,
        Action.EXTEND: with_day(reviewing.extend),
    }[action]
