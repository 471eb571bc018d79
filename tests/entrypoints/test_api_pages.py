"""What pages do, programs can do: one table from each page, and each button of admin, to its operation, or to why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tests.entrypoints.test_access_api import operations

REPORT, CONFIGURED = "/reports/{report_id}", "/configuration"
_TEMPLATE, _VERSION = f"{CONFIGURED}/templates/{{code}}", f"{CONFIGURED}/templates/{{code}}/versions/{{number}}"
_CYCLE, _SELECTION = f"{CONFIGURED}/cycles/{{code}}", f"{CONFIGURED}/selections/{{code}}"
_REORGANISATIONS = f"{CONFIGURED}/reorganisations"
#: why there is no operation
OWN = "one's own account, which a token must not change"
SCREEN = "a screen's own: how it looks, or how people get there"
LATER = "papers, kept on screens"

#: of the names of routes; several operations stand with a space between
OF_PAGES = {
    "my-work": "GET /me/work", "unit": "GET /units/{uid}", "cycles": "GET /cycles", "official": "POST /cycles/{code}/official",
    "report": f"GET {REPORT}/form", "submissions": f"GET {REPORT}/comparison", "annex-file": f"GET {REPORT}/annex.xlsx",
    "consolidated-file": f"GET {REPORT}/consolidated.xlsx", "status-file": f"GET {REPORT}/status.xlsx",
    "save": f"PATCH {REPORT}/figures", "appraise": f"PATCH {REPORT}/appraisal", "adjust": f"POST {REPORT}/adjustments",
    "drop-adjustment": f"DELETE {REPORT}/adjustments/{{adjustment_id}}", "attach": f"POST {REPORT}/attachments",
    "attachment": f"GET {REPORT}/attachments/{{attachment_id}}", "take-away": f"DELETE {REPORT}/attachments/{{attachment_id}}",
    "workbook": f"GET {REPORT}/workbook.xlsx", "workbook-upload": f"POST {REPORT}/workbook",
    "workbook-apply": f"PATCH {REPORT}/figures", "units-workbook": f"GET {REPORT}/below/workbook.xlsx",
    "units-workbook-send": f"POST {REPORT}/below/workbook", "upload": "GET /uploads/{upload_id}",
    "upload-apply": "POST /uploads/{upload_id}/apply", "submit": f"POST {REPORT}/submit", "take": f"POST {REPORT}/propose",
    "review": f"GET {REPORT}/siblings", "decide": f"POST {REPORT}/accept", "below": f"GET {REPORT}/below",
    "missing": f"GET {REPORT}/missing", "bulk": f"POST {REPORT}/below/accept", "narratives": f"GET {REPORT}/narratives/{{code}}",
    "narrative": f"GET {REPORT}/narratives/{{code}}", "totals": f"GET {REPORT}/totals", "pending": f"GET {REPORT}/totals",
    "total": f"GET {REPORT}/totals/{{code}}", "document": f"GET {REPORT}/document.docx", "document-pdf": f"GET {REPORT}/document.pdf",
    "pack": f"POST {REPORT}/pack", "selections": "GET /selections", "selection": "GET /selections/{code}",
    "freeze-selection": "POST /selections/{code}/freeze", "choice": "PUT /choices/{choice_id}", "models": "GET /models",
    "models-workbook": "GET /models/register.xlsx", "models-csv": "GET /models/register.csv", "new-model": "POST /models",
    "model": "GET /models/{model_id}", "edit-model": "PUT /models/{model_id}", "take-model": "POST /models/{model_id}/begin",
    "downloads": "GET /jobs", "download": "GET /jobs/{job_id}/file", "cancel-job": "DELETE /jobs/{job_id}",
    "calendar": SCREEN, "dashboards": "GET /cycles",
    **{f"dashboard-{name}{form}": f"GET {REPORT}/dashboards/{path}{'' if form else '.json'}"
       for name, path in {"progress": "progress", "timeliness": "timeliness", "indicators": "ranking", "warnings": "warnings"}.items()
       for form in ("", "-csv", "-xlsx")},
}  # fmt: skip

#: of the buttons of admin, beside what it has for every model
OF_BUTTONS = {
    "auth_user_personal_data": OWN, "reports_attachment_file": f"GET {REPORT}/attachments/{{attachment_id}}",
    "reports_cycle_plan": f"POST {CONFIGURED}/cycles", "reports_indicator_check": f"PUT {_VERSION}",
    **{f"reports_cycle_{each}": f"POST {_CYCLE}/{each}" for each in ("open", "close", "reopen")},
    **{f"reports_documenttemplate_{each}": LATER for each in ("file", "house", "preview")},
    "reports_reporttemplate_draft": f"POST {_TEMPLATE}/versions",
    **{f"reports_selection_{each}": f"POST {_SELECTION}/{each}" for each in ("open", "freeze", "unfreeze")},
    **{f"reports_templateversion_{each}": f"POST {_VERSION}/{each}" for each in ("draft", "publish", "retire", "use")},
    "reports_templateversion_compare": f"GET {_VERSION}/comparison", "reports_templateversion_file": f"GET {_VERSION}/indicators.csv",
    **{f"reports_templateversion_{each}": f"GET {_VERSION}" for each in ("confirm", "retiring")}, "reports_templateversion_preview": SCREEN,
    "units_reorganisation_plan": " ".join(f"POST {_REORGANISATIONS}/{verb}" for verb in ("merge", "split", "move", "rename", "abolish")),
    "units_reorganisation_undo": f"POST {_REORGANISATIONS}/{{reorganisation_id}}/undo",
    "units_reorganisation_models": f"POST {_REORGANISATIONS}/{{reorganisation_id}}/models",
    "units_unit_move": f"POST {CONFIGURED}/units/{{uid}}/move", "units_unit_tree": f"GET {CONFIGURED}/units",
}  # fmt: skip

_TABLE = f"POST {CONFIGURED}/tables/{{table}}"
#: by model what admin lets a superuser add, change and delete
OF_MODELS = {
    "auth.group": (SCREEN, SCREEN, SCREEN), "auth.user": (_TABLE, _TABLE, SCREEN),
    "reports.cycle": (f"POST {CONFIGURED}/cycles", f"PATCH {_CYCLE}", f"DELETE {_CYCLE}"),
    "reports.dayoff": (*[f"PUT {CONFIGURED}/days-off/{{day}}"] * 2, f"DELETE {CONFIGURED}/days-off/{{day}}"),
    "reports.documenttemplate": (LATER, LATER, LATER), "reports.paperstyle": (LATER, LATER, LATER),
    "reports.indicator": (f"PUT {_VERSION}",) * 3, "reports.sectiontext": (f"PUT {_VERSION}",) * 3,
    "reports.reporttemplate": (f"PUT {_TEMPLATE}", f"PUT {_TEMPLATE}", SCREEN), "reports.templateversion": (f"DELETE {_VERSION}",),
    "reports.selection": (f"POST {CONFIGURED}/selections", SCREEN, f"DELETE {_SELECTION}"), "reports.webhook": (SCREEN, SCREEN, SCREEN),
    "units.level": (_TABLE, _TABLE, SCREEN), "units.succession": (_TABLE, _TABLE, SCREEN),
    "units.membership": (f"POST {CONFIGURED}/memberships",) * 2 + (f"DELETE {CONFIGURED}/memberships/{{membership_id}}",),
    "units.unit": (_TABLE, _TABLE, f"DELETE {CONFIGURED}/units/{{uid}}"),
}  # fmt: skip

_OF_EVERY_MODEL = re.compile("_(changelist|add|change|delete|history|import|process_import|export)$")


def names_in(namespace: str, patterns: Iterable[Any] | None = None) -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver) and (patterns is not None or pattern.namespace == namespace):
            yield from names_in(namespace, pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and patterns is not None and pattern.name:
            yield pattern.name


def without_operation(table: dict[str, str]) -> set[str]:
    known, none = set(operations()), {OWN, SCREEN, LATER}
    named = {" ".join(pair) for words in table.values() if words not in none for pair in re.findall(r"([A-Z]+) (\S+)", words)}
    return named - known


def test_every_page_has_its_operation():
    assert set(names_in("reports")) == set(OF_PAGES)
    assert without_operation(OF_PAGES) == set()


def test_what_admin_adds_changes_and_deletes_has_its_operation_or_is_left_to_screens():
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True)
    verbs = {
        model._meta.label_lower: sum(getattr(page, f"has_{verb}_permission")(request) for verb in ("add", "change", "delete"))
        for model, page in admin.site._registry.items()
    }
    assert {label: count for label, count in verbs.items() if count} == {label: len(words) for label, words in OF_MODELS.items()}
    assert without_operation({f"{label} {place}": word for label, words in OF_MODELS.items() for place, word in enumerate(words)}) == set()


def test_every_button_of_admin_has_its_operation():
    models = tuple(f"{model._meta.label_lower.replace('.', '_')}_" for model in admin.site._registry)
    buttons = {name for name in names_in("admin") if name.startswith(models) and not _OF_EVERY_MODEL.search(name)}
    assert buttons == set(OF_BUTTONS)
    assert without_operation(OF_BUTTONS) == set()
