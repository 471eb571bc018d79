"""Who gets what answer at which address: one table for every route (semantics §9). A route that is not in it fails the test.

Every address names rows of commune C. `officer` serves C, `parent` the district above it, `child` a hamlet below it, `sibling` the
commune beside it; `former` served C until lately, `disabled` did, and still has a session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from inspect import signature
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from danvan.celery import app
from reports.documents.makers import MAKERS
from reports.documents.pack import make_pack
from reports.models import BackgroundJob, Cycle, Reminder, Report, Rollup, Selection
from reports.services import background_jobs, choosing, opening
from reports.services.background_jobs import Work
from reports.services.opening import Plan
from tests.channels import SMS_OF_TESTS
from tests.entrypoints.access_world import ROLES, World, given_staff, given_world, traces, upload
from tests.entrypoints.pages import LOOKED_AT, looked_at, text_of
from units.models import Level, Membership, Unit
from units.problems import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]  # where SQL is read more strictly; the other run looks at what pages show

_OUTSIDE = dict(zip(ROLES[:5], ("sign in", "sign in", "nothing", "nothing", "nothing"), strict=True))
#: to be read by whoever reaches C
READ = _OUTSIDE | {"officer": "answer", "parent": "answer"}
#: done by C alone; its superior is refused, since C has accounts of its own (semantics §2)
OWN = _OUTSIDE | {"officer": "done", "parent": "refused"}
#: done by the superior alone
ABOVE = _OUTSIDE | {"officer": "refused", "parent": "done"}
#: nobody's to do as C's report stands; who reaches it is told so
UNTIMELY = _OUTSIDE | {"officer": "refused", "parent": "refused"}
#: there for C alone
MINE = _OUTSIDE | {"officer": "answer", "parent": "nothing"}
MINE_DONE = _OUTSIDE | {"officer": "done", "parent": "nothing"}
#: not there as C's report stands, for anybody
NOT_YET = _OUTSIDE | {"officer": "nothing", "parent": "nothing"}
#: says something else to each
SIGNED_IN = dict(zip(ROLES, ("sign in", "sign in", *["answer"] * 5), strict=True))
EVERYBODY = dict.fromkeys(ROLES, "answer")
#: one's own, which the officer alone has
OF_OFFICER = dict(zip(ROLES, ("sign in", "sign in", *["refused"] * 5), strict=True)) | {"officer": "done"}

#: by route: what each gets, and what is sent; with nothing to send it is a GET
TABLE: dict[str, tuple[dict[str, str], dict[str, Any] | None]] = {
    "reports:my-work": (SIGNED_IN, None),
    "reports:cycles": (SIGNED_IN, None),
    "reports:dashboards": (SIGNED_IN, None),
    "reports:downloads": (SIGNED_IN, None),
    "reports:report": (READ, None),
    "reports:annex-file": (NOT_YET, None),
    "reports:consolidated-file": (READ, None),
    "reports:status-file": (READ, None),
    "reports:save": (OWN, {"cell-cuoc": "9"}),
    "reports:appraise": (UNTIMELY, {"cell-diem": "9"}),
    "reports:adjust": (OWN, {"indicator": "ho", "amount": "-1", "reason": "trùng"}),
    "reports:drop-adjustment": (OWN, {}),
    "reports:attach": (OWN, {"file": upload}),
    "reports:attachment": (READ, None),
    "reports:take-away": (OWN, {}),
    "reports:workbook": (MINE, None),
    "reports:workbook-upload": (UNTIMELY, {"file": upload}),
    "reports:workbook-apply": (UNTIMELY, {"signed": "giả"}),
    "reports:submit": (OWN, {"confirm_incomplete": "yes"}),
    "reports:take": (ABOVE, {"reason": "không có thôn", "action": "exempt"}),
    "reports:review": (READ, None),
    "reports:decide": (UNTIMELY, {"action": "accept"}),
    "reports:below": (READ, None),
    "reports:missing": (READ, None),
    "reports:bulk": (NOT_YET, {"action": "exempt"}),
    "reports:narratives": (READ, None),
    "reports:narrative": (READ, {"text": "", "code": "uu_diem"}),
    "reports:totals": (READ, None),
    "reports:pending": (READ, None),
    "reports:total": (READ, None),
    "reports:document": (READ, None),
    "reports:document-pdf": (READ, None),
    "reports:pack": (ABOVE, {"as": "docx"}),  # C has ordered it already
    "reports:download": (NOT_YET, None),
    "reports:cancel-job": (MINE_DONE, {}),
    **{f"reports:dashboard-{each}": (READ, None) for each in ("progress", "timeliness", "indicators", "warnings")},
    **{f"reports:dashboard-{each}-csv": (READ, None) for each in ("progress", "timeliness", "indicators", "warnings")},
    **{f"reports:dashboard-{each}-xlsx": (READ, None) for each in ("progress", "timeliness", "indicators", "warnings")},
    "reports:submissions": (READ, None),
    "reports:unit": (READ, None),
    "reports:official": (NOT_YET, None),  # who manages the district does not manage the whole cycle
    "reports:units-workbook": (MINE, None),
    "reports:units-workbook-send": (UNTIMELY, {"file": upload}),
    "reports:upload": (NOT_YET, None),
    "reports:upload-apply": (NOT_YET, {}),
    **dict.fromkeys(["reports:selections", "reports:models", "reports:models-workbook", "reports:models-csv"], (SIGNED_IN, None)),
    "reports:new-model": (SIGNED_IN | {"former": "nothing"}, None),
    "reports:selection": (READ | {"sibling": "answer"}, None),
    "reports:freeze-selection": (UNTIMELY | {"sibling": "refused"}, {}),
    "reports:choice": (READ, None),
    "reports:model": (READ, None),
    "reports:edit-model": (MINE, None),
    "reports:take-model": (OWN, {"action": "begin", "seen": "0", "on": "01/06/2025"}),
    "accounts:account": (SIGNED_IN, None),
    "accounts:data": (SIGNED_IN, None),
    "accounts:data-file": (SIGNED_IN, None),
    "accounts:new-token": (SIGNED_IN, None),
    "accounts:new-calendar": (dict(zip(ROLES, ("sign in", "sign in", *["done"] * 5), strict=True)), {}),
    "reports:calendar": (dict.fromkeys(ROLES, "nothing"), None),  # whose secret it isn't
    "accounts:revoke-token": (MINE_DONE, {}),
    "accounts:password": (SIGNED_IN, None),
    "accounts:second-factor": (SIGNED_IN, None),
    "accounts:recovery-codes": (dict(zip(ROLES, ("sign in", "sign in", *["refused"] * 5), strict=True)), {}),
    **dict.fromkeys(["accounts:openid", "accounts:openid-return"], (dict.fromkeys(ROLES, "nothing"), None)),  # no provider is told
    "accounts:contact-way": (SIGNED_IN, None),
    "accounts:replaces-mail": (OF_OFFICER, {"replaces": "yes"}),
    "accounts:forget-contact-way": (OF_OFFICER, {}),
    "accounts:second-step": (dict.fromkeys(ROLES, "sign in"), None),
    "accounts:invitation": (EVERYBODY, None),
    **dict.fromkeys(["login", "set_language", "healthz", "readyz", "favicon", "manifest", "service-worker", "offline"], (EVERYBODY, None)),
    "api:openapi": (EVERYBODY, None),
    "metrics": (dict.fromkeys(ROLES, "nothing"), None),
    "logout": (dict.fromkeys(ROLES, "sign in"), {}),
}


def routes(patterns: Iterable[Any] | None = None, namespace: str = "") -> Iterator[tuple[str, list[str]]]:
    """The name of every route outside admin, with what its address names. The API's operations have a table of their own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from routes(pattern.url_patterns, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and (namespace != "api:" or pattern.name == "openapi"):
            yield f"{namespace}{pattern.name or pattern.pattern}", list(pattern.pattern.converters)


ROUTES = dict(routes())


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    settings.SOFFICE = "not-there"  # which takes seconds; who may have a PDF is asked before
    settings.CHANNELS = SMS_OF_TESTS
    made = given_world()
    with looked_at():
        yield made


def asked(world: World, client: Client, route: str) -> tuple[str, Any]:
    """What comes of knocking there, in a word of the table, and the answer; nothing of it stays."""
    sent = TABLE[route][1]
    words = world.names | (sent or {})
    url = reverse(route, kwargs={name: words[name] for name in ROUTES[route]})
    here = transaction.savepoint()
    try:
        if sent is None:
            answer = client.get(url)
        else:
            seen = world.play.report("C").version
            data = {name: value() if callable(value) else value for name, value in sent.items() if name not in ROUTES[route]}
            answer = client.post(url, {"seen": seen, "version": seen, **data})
        return outcome(answer, sent is not None, sent is not None and traces() != world.before), answer
    finally:
        transaction.savepoint_rollback(here)


def outcome(answer: Any, was_sent: bool, left_traces: bool) -> str:
    if answer.headers.get("Location", "").startswith("/login/"):
        return "sign in"
    if answer.status_code == 404:
        return "nothing"
    if left_traces:
        return "done"
    return "refused" if was_sent and answer.status_code != 200 else "answer"


def test_every_route_is_in_the_table():
    assert set(ROUTES) == set(TABLE)


def test_each_gets_what_the_table_says(world: World):
    found = {}
    for role in ROLES:
        client = world.client(role)
        for route in sorted(TABLE, key="logout".__eq__):  # which ends the session that the others need
            word, answer = asked(world, client, route)
            assert answer.status_code < 500, (role, route)
            found[role, route] = (TABLE[route][0][role], word)
    assert {where: words for where, words in found.items() if words[0] != words[1]} == {}


def test_what_is_out_of_reach_answers_to_the_letter_and_in_as_many_questions_as_what_does_not_exist(world: World):
    known, told_by_time = world.names, {}
    for role in ("former", "child", "sibling"):
        client = world.client(role)
        for route in (route for route in TABLE if TABLE[route][0][role] == "nothing" and ROUTES[route]):
            with CaptureQueriesContext(connection) as for_outside:
                outside = asked(world, client, route)[1]
            world.names = known | {name: 987654321 for name in ROUTES[route] if name.endswith("_id")}
            with CaptureQueriesContext(connection) as for_nowhere:
                nowhere = asked(world, client, route)[1]
            world.names = known
            assert plain(outside) == plain(nowhere), (role, route)
            if len(for_outside) != len(for_nowhere):
                told_by_time[role, route] = (len(for_outside), len(for_nowhere))
    assert told_by_time == {}


def plain(answer: Any) -> tuple[Any, ...]:
    """All of an answer but its tokens, the address that was asked for, and cookies."""
    body = re.sub(r'value="[^"]*"', "", answer.content.decode())
    return (
        answer.status_code,
        {name: value for name, value in answer.headers.items() if name not in ("Content-Length", "X-Request-ID")},
        body,
    )


#: the units whose names each may read: their own, what is below, and the one to which they report
KNOWN = {"former": "", "child": "C H1", "sibling": "D K H3", "officer": "D C H1 H2", "parent": "P D C K H1 H2 H3"}
LISTS = ("my-work", "cycles", "dashboards", "downloads", "selections", "selection", "models", "models-csv", "new-model")


def test_lists_and_counts_tell_of_no_unit_out_of_reach(world: World):
    for role, known in KNOWN.items():
        client = world.client(role)
        for route in LISTS:
            named_in = {name: world.names[name] for name in ROUTES[f"reports:{route}"]}
            shown = text_of(client.get(reverse(f"reports:{route}", kwargs=named_in)))
            assert set(re.findall(r"Đơn vị ([A-Z]\d?)\b", shown)) <= set(known.split()), (role, route)


def test_a_task_makes_for_its_orderer_only_what_that_one_reaches_when_it_runs(world: World, settings: Any, tmp_path: Any):
    settings.MEDIA_ROOT = tmp_path
    job = BackgroundJob.objects.get(kind=BackgroundJob.Kind.PACK)
    Membership.objects.filter(user=job.owner).delete()
    job.place = "x"
    with pytest.raises(Refused):
        make_pack(Work(job))
    client = world.client("officer")
    assert client.get(reverse("reports:downloads")).context["jobs"] == []
    assert background_jobs.cancel(job.pk, by=world.people["sibling"], at=world.play.tick(None)) is False


#: by task: who has it run, and on whose rows
TASKS = {
    "reports.tasks.open_due_cycles": "the clock, on cycles that were planned",
    "reports.tasks.sweep": "the clock, on all reports",
    "reports.tasks.drain_rollups": "the clock, or who accepts or saves, on totals alone, which are derived",
    "reports.tasks.remind": "the clock, or who reminds those below; read by who is responsible when it is sent",
    "reports.tasks.send_messages": "the clock, on reminders; read by who is responsible, and has asked for it, when it is sent",
    "reports.tasks.run_background_jobs": "the clock, or who ordered a file, on what that one reaches when it is made",
    "reports.tasks.expire_background_jobs": "the clock, on files that nobody fetched",
    "reports.tasks.tell_webhooks": "the clock, on the journal of the units that a superuser named",
    "accounts.tasks.disable_idle_accounts": "the clock, on accounts that nobody uses",
    "audit.tasks.seal_journal": "the clock, on the journals",
}


def test_no_task_takes_what_a_visitor_says_but_a_cycle_whose_totals_are_computed():
    app.loader.import_default_modules()
    tasks = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert set(tasks) == set(TASKS)
    assert {name: list(signature(task.run).parameters) for name, task in tasks.items() if signature(task.run).parameters} == {
        "reports.tasks.drain_rollups": ["cycle_id"]
    }


def test_tasks_leave_what_people_wrote_as_it_is_and_remind_nobody_who_left(world: World):
    own = [traces()[at] for at in (1, 2, 4, 5, 6, 7)]  # all but journal and jobs, which tasks write themselves
    with time_machine.travel(LOOKED_AT + timedelta(days=3), tick=False):
        for name in sorted(set(TASKS) - {"accounts.tasks.disable_idle_accounts"}):
            app.tasks[name].run()
    assert [traces()[at] for at in (1, 2, 4, 5, 6, 7)] == own
    told = {address for message in mail.outbox for address in message.to}
    assert world.people["officer"].email in told
    assert not told & {world.people[role].email for role in ("former", "disabled")}
    for message in mail.outbox:
        if world.people["sibling"].email in message.to:
            assert "Đơn vị C" not in message.body


def test_every_kind_of_job_asks_for_the_reach_of_who_ordered_it():
    """Packs above; workbooks for several units in test_pages_units_workbook.py, row by row when they are looked over and when written."""
    assert set(MAKERS) == {BackgroundJob.Kind.PACK, BackgroundJob.Kind.LOOK_OVER, BackgroundJob.Kind.APPLY}


# --- Admin -----------------------------------------------------------------------------------------

#: by model in admin, which rows staff see who are no superusers, and may view everything: of the units in their reach, all, or none
ADMIN = {
    **dict.fromkeys(["units.unit", "units.membership", "units.succession", "auth.user"], "units"),
    **dict.fromkeys(
        [f"reports.{name}" for name in ("report", "journalentry", "submission", "adjustment", "attachment", "flag", "rollup")], "units"
    ),
    **dict.fromkeys(
        [f"reports.{name}" for name in ("reminder", "remindermessage", "cycle", "cyclelevel", "paperstyle", "selection", "skilfulmodel")],
        "units",
    ),
    **dict.fromkeys([f"reports.{name}" for name in ("reporttemplate", "templateversion", "indicator", "sectiontext", "dayoff")], "all"),
    **dict.fromkeys(["units.level", "auth.group", "reports.documenttemplate"], "all"),
    **dict.fromkeys(
        ["audit.auditentry", "audit.seal", "units.reorganisation", "accounts.apitoken", "reports.webhook", "reports.webhookdelivery"],
        "none",
    ),
}
#: addresses of admin's own that anybody may ask for, since they hold nothing
OPEN_IN_ADMIN = {"login", "logout"}


def admin_routes() -> Iterator[tuple[str, list[str]]]:
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace == "admin":
            yield from routes_within(resolver.url_patterns)


def routes_within(patterns: Iterable[Any]) -> Iterator[tuple[str, list[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes_within(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name, list(pattern.pattern.regex.groupindex)


def address(name: str, arguments: list[str], row: object = 1) -> str:
    words = {"app_label": "units", "content_type_id": 1, "url": "x"}
    return reverse(f"admin:{name}", kwargs={each: words.get(each, row) for each in arguments})


def test_every_model_in_admin_is_in_the_table():
    assert {model._meta.label_lower for model in admin.site._registry} == set(ADMIN)


def test_no_address_of_admin_answers_who_does_not_configure(world: World):
    for role in ("anonymous", "disabled", "officer"):
        client = world.client(role)
        for name, arguments in admin_routes():
            if name in OPEN_IN_ADMIN:
                continue
            for answer in (client.get(address(name, arguments)), client.post(address(name, arguments))):
                assert (answer.status_code, answer.headers["Location"][:13]) == (302, "/admin/login/"), (role, name)
        led = client.get("/admin/login/")
        assert (led.status_code, led.headers.get("Location")) == ((404, None) if role == "officer" else (302, "/login/?next=/admin/"))


def units_of(row: Any) -> set[str]:
    """The units that a row tells of."""
    for way in ("uid", "unit.uid", "report.unit.uid"):
        found = row
        for step in way.split("."):
            found = getattr(found, step, None)
        if found:
            return {found}
    if hasattr(row, "memberships"):
        return set(row.memberships.values_list("unit__uid", flat=True))
    return set()


def test_staff_see_in_admin_what_their_units_tell_and_open_nothing_else(world: World):
    client = Client()
    client.force_login(given_staff("chuyen-vien", K="viewer"))
    for model in admin.site._registry:
        name, shown = f"{model._meta.app_label}_{model._meta.model_name}", ADMIN[model._meta.label_lower]
        listed = client.get(reverse(f"admin:{name}_changelist"))
        if shown == "none":
            assert listed.status_code == 403, name
            continue
        rows = list(listed.context["cl"].queryset)
        assert shown != "all" or len(rows) == model._default_manager.count(), name
        if shown == "units":
            assert {uid for row in rows for uid in units_of(row)} <= {"K", "H3"}, name
        outside = model._default_manager.exclude(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)[:1]
        for view, pk in ((view, pk) for pk in outside for view in ("change", "history", "delete")):
            answer = client.get(reverse(f"admin:{name}_{view}", args=[pk]))
            assert answer.status_code in (302, 403, 404), (name, view)


def test_no_action_of_admin_reaches_beyond_ones_units(world: World):
    client = Client()
    client.force_login(given_staff("chuyen-vien", K="viewer"))
    untouched = world.play.report("C").version
    sent = {"_selected_action": [world.names["report_id"]], "confirmed": "1", "reason": "x", "until": "30/06/2025"}
    for action in ("extend", "exempt", "unexempt", "delete_selected"):
        for across in ("0", "1"):
            client.post("/admin/reports/report/", sent | {"action": action, "select_across": across})
    assert world.play.report("C").version == untouched


def test_who_reaches_a_part_of_a_cycle_or_selection_changes_nothing_of_it_in_admin(world: World):
    cycle, selection = given_plan_of("C", "K")
    client = Client()
    client.force_login(given_staff("chuyen-vien", K="viewer"))
    for name, pk in (("cycle", cycle.pk), ("selection", selection.pk), ("cycle", world.play.cycle.pk)):
        assert client.get(reverse(f"admin:reports_{name}_change", args=[pk])).status_code == 200
        for view in ("change", "delete"):
            assert client.post(reverse(f"admin:reports_{name}_{view}", args=[pk]), {"post": "yes"}).status_code == 403, (name, view)


def given_plan_of(*units: str) -> tuple[Cycle, Selection]:
    version, hamlet = Cycle.objects.get().version, Level.objects.get(code="hamlet")
    period: dict[str, Any] = {
        "period": "2025-M02",
        "first_day": date(2025, 2, 1),
        "cut_off": date(2025, 2, 28),
        "reference_day": date(2025, 6, 14),
    }
    cycle = opening.set_up(Plan(version, under=units, due={"hamlet": date(2025, 6, 18)}, levels=["hamlet"], **period))
    named = list(Unit.objects.filter(uid__in=units))
    return cycle, choosing.plan(code="c", name="c", level=hamlet, share=20, on=date(2025, 6, 1), choose_by=None, units=named)


def test_staff_plan_for_units_within_reach_alone(world: World):
    client = Client()
    client.force_login(given_staff("chuyen-vien", K="viewer"))
    outside = Unit.objects.get(uid="C").pk
    for name in ("cycle", "selection"):
        form = client.post(reverse(f"admin:reports_{name}_add"), {"units": [outside]}).context["adminform"].form
        assert "units" in form.errors, name
        assert set(form.fields["units"].queryset.values_list("uid", flat=True)) == {"K", "H3"}


#: what may be done to chosen rows in admin; whoever reaches the page and not the row does nothing to it
ACTIONS = {
    "reports.report": {"extend", "exempt", "unexempt"},
    "reports.rollup": {"try_again"},
    "reports.reminder": {"try_again"},
    "reports.remindermessage": {"try_again"},
    "auth.user": {"invite", "unlock", "erase"},
    "accounts.apitoken": {"revoke"},
    "reports.webhook": {"renew"},
    "reports.webhookdelivery": {"send_again"},
}


def test_every_action_of_admin_leaves_rows_out_of_reach_as_they_are(world: World):
    staff = given_staff("chuyen-vien", K="viewer")
    client, boss = Client(), RequestFactory().get("/")
    client.force_login(staff)
    boss.user = User(is_superuser=True, is_active=True, is_staff=True)
    AccessAttempt.objects.create(username="xa", failures_since_start=9)
    Rollup.objects.update(failures=9, error="x")
    Reminder.objects.update(set_aside_at=world.play.tick(None))
    before = (traces(), *untouched())
    for model, page in admin.site._registry.items():
        names = set(page.get_actions(boss)) - {"delete_selected", "export_admin_action"}
        assert names == ACTIONS.get(model._meta.label_lower, set()), model
        chosen = list(model._default_manager.values_list("pk", flat=True)[:50])
        for action in page.get_actions(boss):
            sent = {"action": action, "_selected_action": chosen, "select_across": "1", "confirmed": "1", "post": "yes", "reason": "x"}
            answer = client.post(f"/admin/{model._meta.app_label}/{model._meta.model_name}/", sent)
            assert "Đơn vị C" not in answer.content.decode(), (model, action)
    assert (traces(), *untouched()) == before


def untouched() -> tuple[Any, ...]:
    """What actions of admin would change of C's."""
    at_c = {"report__unit__uid": "C"}
    return (
        AccessAttempt.objects.count(),
        list(Rollup.objects.filter(**at_c).values_list("failures", "error")),
        list(Reminder.objects.filter(**at_c).values_list("set_aside_at", flat=True)),
        Report.objects.get(unit__uid="C").version,
    )


def test_no_autocomplete_list_or_filter_of_admin_names_what_is_out_of_reach(world: World):
    client = Client()
    client.force_login(given_staff("chuyen-vien", K="viewer"))
    for model, page in admin.site._registry.items():
        for owner in (page, *(inline(model, admin.site) for inline in page.inlines)):
            for field in owner.autocomplete_fields:
                named = {"app_label": owner.model._meta.app_label, "model_name": owner.model._meta.model_name, "field_name": field}
                for term in ("", "Đơn vị", "xa"):
                    found = client.get("/admin/autocomplete/", {**named, "term": term})
                    if found.status_code == 200:
                        said = " ".join(each["text"] for each in found.json()["results"])
                        assert not re.search(r"\(([PDC]|H1|H2)\)|\b(thon|huyen|da-chuyen|bi-khoa)\b", said), (owner, field, said)
        shown = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), {"q": ""})
        if shown.status_code == 200:
            assert not re.search(r"Đơn vị (C|H1|H2)\b", text_of(shown)), model
            assert shown.context["cl"].result_count == shown.context["cl"].queryset.count(), model


def test_exports_and_searches_of_admin_tell_of_no_unit_out_of_reach(world: World):
    client = Client()
    client.force_login(given_staff("chuyen-vien", K="viewer"))
    asked_for, foreign = {"format": "0", "resource": "0"}, [world.names["report_id"], Unit.objects.get(uid="C").pk]
    for page in ("units/unit", "reports/report"):
        file = client.post(f"/admin/{page}/export/", asked_for)
        assert set(re.findall(r"(?<![-\w])([PDCKH]\d?)\b", file.content.decode())) <= {"D", "K", "H3"}, page
        assert file.headers["Content-Disposition"].startswith("attachment"), page
        named = client.post(f"/admin/{page}/export/", asked_for | {"export_items": foreign})
        assert "Đơn vị C" not in named.content.decode(), page
    found = client.get("/admin/autocomplete/?term=&app_label=units&model_name=membership&field_name=unit").json()
    assert {each["text"].split("(")[1].rstrip(")") for each in found["results"]} <= {"K", "H3"}
    assert client.get("/admin/auth/user/export/").status_code == 403
