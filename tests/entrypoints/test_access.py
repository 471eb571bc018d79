"""Who gets what answer at which address: one table for every route (semantics §9). A route that is not in it fails the test.

Every address names rows of commune C. `officer` serves C, `parent` the district above it, `child` a hamlet below it, `sibling` the
commune beside it; `former` served C until lately, `disabled` did, and still has a session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from reports.documents.pack import make_pack
from reports.models import BackgroundJob
from reports.services import background_jobs
from reports.services.background_jobs import Work
from tests.entrypoints.access_world import ROLES, World, given_staff, given_world, traces, upload
from tests.entrypoints.pages import looked_at, text_of
from units.models import Membership, Unit
from units.problems import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # what the queries answer on either database is asked elsewhere

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
    "accounts:password": (SIGNED_IN, None),
    "accounts:second-factor": (SIGNED_IN, None),
    "accounts:recovery-codes": (dict(zip(ROLES, ("sign in", "sign in", *["refused"] * 5), strict=True)), {}),
    "accounts:second-step": (dict.fromkeys(ROLES, "sign in"), None),
    "accounts:invitation": (EVERYBODY, None),
    **dict.fromkeys(["login", "set_language", "healthz", "readyz", "favicon", "manifest", "service-worker", "offline"], (EVERYBODY, None)),
    "metrics": (dict.fromkeys(ROLES, "nothing"), None),
    "logout": (dict.fromkeys(ROLES, "sign in"), {}),
}


def routes(patterns: Iterable[Any] | None = None, namespace: str = "") -> Iterator[tuple[str, list[str]]]:
    """The name of every route outside admin, with what its address names."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from routes(pattern.url_patterns, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or pattern.pattern}", list(pattern.pattern.converters)


ROUTES = dict(routes())


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    settings.SOFFICE = "not-there"  # which takes seconds; who may have a PDF is asked before
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


def test_what_is_out_of_reach_answers_to_the_letter_as_what_does_not_exist(world: World):
    known = world.names
    for role in ("former", "child", "sibling"):
        client = world.client(role)
        for route in (route for route in TABLE if TABLE[route][0][role] == "nothing" and ROUTES[route]):
            outside = asked(world, client, route)[1]
            world.names = known | {name: 987654321 for name in ROUTES[route] if name.endswith("_id")}
            nowhere = asked(world, client, route)[1]
            world.names = known
            assert plain(outside) == plain(nowhere), (role, route)


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
    job = BackgroundJob.objects.get()
    Membership.objects.filter(user=job.owner).delete()
    job.place = "x"
    with pytest.raises(Refused):
        make_pack(Work(job))
    client = world.client("officer")
    assert client.get(reverse("reports:downloads")).context["jobs"] == []
    assert background_jobs.cancel(job.pk, by=world.people["sibling"], at=world.play.tick(None)) is False


# --- Admin -----------------------------------------------------------------------------------------

#: by model in admin, which rows staff see who are no superusers, and may view everything: of the units in their reach, all, or none
ADMIN = {
    **dict.fromkeys(["units.unit", "units.membership", "units.succession", "auth.user"], "units"),
    **dict.fromkeys(
        [f"reports.{name}" for name in ("report", "journalentry", "submission", "adjustment", "attachment", "flag", "rollup")], "units"
    ),
    **dict.fromkeys(
        [f"reports.{name}" for name in ("reminder", "cycle", "cyclelevel", "paperstyle", "selection", "skilfulmodel")], "units"
    ),
    **dict.fromkeys([f"reports.{name}" for name in ("reporttemplate", "templateversion", "indicator", "sectiontext", "dayoff")], "all"),
    **dict.fromkeys(["units.level", "auth.group", "reports.documenttemplate"], "all"),
    **dict.fromkeys(["audit.auditentry", "audit.seal", "units.reorganisation"], "none"),
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
