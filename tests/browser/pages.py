"""Every page of the site, with an address in the demo and the one who looks at it; and every address that is no page, with why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.browser.site import Site

COMMUNE, DISTRICT, PROVINCE, AGENCY, ADMINISTRATOR, NOBODY = "can-bo-xa", "huyen", "tinh", "so-y-te", "quan-tri", ""


@dataclass(frozen=True)
class Place:
    """A page: the name of its route, what its address names, and whose page it is.

    A word among the arguments that `places.json` knows stands for the id there (prepare.py).
    """

    route: str
    username: str
    arguments: tuple[str, ...] = ()
    query: str = ""
    #: about a row that its address names last, which prepare.py chose for this route
    of_a_row: bool = False
    #: what tells this page from another one of the same route
    name: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, [self.route.removeprefix("reports:"), self.name]))

    def address(self, site: Site) -> str:
        """Its path on that site."""
        arguments: list[Any] = [site.places.get(each, each) for each in self.arguments]
        if self.of_a_row:
            arguments.append(site.places["rows"][self.route])
        return reverse(self.route, args=arguments) + self.query


HOUSE = [
    Place("login", NOBODY),
    Place("accounts:account", COMMUNE),
    Place("accounts:data", COMMUNE),
    Place("accounts:new-token", COMMUNE),
    Place("accounts:contact-way", COMMUNE, ("sms",)),
    Place("accounts:password", COMMUNE),
    Place("accounts:second-factor", COMMUNE),
    Place("accounts:invitation", NOBODY, ("MQ", "used-up"), name="used-up"),
    Place("reports:my-work", COMMUNE, name="commune"),
    Place("reports:my-work", DISTRICT, name="district"),
    Place("reports:my-work", ADMINISTRATOR, name="no-unit"),
    Place("reports:cycles", PROVINCE),
    Place("reports:unit", "xa-tq", ("unit_now",)),
    Place("reports:unit", PROVINCE, ("unit_before",), name="that-ended"),
    Place("reports:report", COMMUNE, ("commune",), name="form"),
    Place("reports:report", "xa-tq", ("commune_now",), name="form-without-below"),
    Place("reports:report", DISTRICT, ("district",), name="form-of-district"),
    Place("reports:report", COMMUNE, ("hamlet",), name="accepted"),
    Place("reports:report", DISTRICT, ("submitted",), name="review"),
    Place("reports:report", DISTRICT, ("returned",), name="returned"),
    Place("reports:report", PROVINCE, ("finished_district",), name="closed"),
    Place("reports:submit", COMMUNE, ("commune",)),
    Place("reports:submit", DISTRICT, ("district",), name="incomplete"),
    Place("reports:below", DISTRICT, ("district",)),
    Place("reports:below", "tinh-tq", ("province_now",), name="of-124"),
    Place("reports:below", DISTRICT, ("district",), query="?text=khong-co-xa-nay", name="nothing-found"),
    Place("reports:below", DISTRICT, ("district",), query="?state=returned&sort=-late", name="filtered"),
    Place("reports:missing", DISTRICT, ("district",)),
    Place("reports:review", DISTRICT, ("submitted",)),
    Place("reports:review", "tinh-tq", ("province_now",), name="of-none"),
    Place("reports:narrative", DISTRICT, ("district", "han_che")),
    Place("reports:narrative", DISTRICT, ("district", "nv_ket_qua"), name="table"),
    Place("reports:dashboards", PROVINCE),
    Place("reports:dashboard-progress", PROVINCE, ("province",)),
    Place("reports:dashboard-progress", "tinh-tq", ("province_now",), query="?by=state", name="of-124"),
    Place("reports:dashboard-timeliness", PROVINCE, ("province",)),
    Place("reports:dashboard-indicators", PROVINCE, ("province",)),
    Place("reports:dashboard-warnings", PROVINCE, ("province",)),
    Place("reports:my-work", AGENCY, name="agency"),
    Place("reports:report", AGENCY, ("agency",), name="form-of-agency"),
    Place("reports:submit", AGENCY, ("agency",), name="of-agency"),
    Place("reports:report", "tinh-tq", ("programme",), name="form-above-agencies"),
    Place("reports:below", "tinh-tq", ("programme",), name="of-agencies"),
    Place("reports:review", "tinh-tq", ("agency_submitted",), name="of-agency"),
    Place("reports:totals", "tinh-tq", ("programme",), query="?section=2", name="by-partner"),
    Place("reports:narrative", "tinh-tq", ("programme", "bang_nhiem_vu"), name="of-agencies"),
    Place("reports:dashboard-progress", "tinh-tq", ("programme",), name="of-agencies"),
    Place("reports:report", COMMUNE, ("survey",), name="survey-filled-in"),
    Place("reports:report", DISTRICT, ("surveyed",), name="survey-findings"),
    Place("reports:totals", DISTRICT, ("survey_of_district",), name="of-survey"),
    Place("reports:my-work", "xa-tq", name="to-choose"),
    Place("reports:selections", PROVINCE),
    Place("reports:selection", "tinh-tq", ("selection_open",), name="of-124"),
    Place("reports:selection", PROVINCE, ("selection_frozen",), name="frozen"),
    Place("reports:choice", "xa-tq", ("choice_open",), name="to-make"),
    Place("reports:choice", COMMUNE, ("choice_frozen",), name="frozen"),
    Place("reports:report", COMMUNE, ("scored",), name="to-appraise"),
    Place("reports:totals", DISTRICT, ("scores",), name="of-scores"),
    Place("offline", NOBODY),
    Place("reports:downloads", PROVINCE),
    Place("reports:models", DISTRICT),
    Place("reports:model", COMMUNE, ("model",)),
    Place("reports:new-model", "xa-tq"),
    Place("reports:edit-model", COMMUNE, ("model",)),
    Place("reports:submissions", "xa-tq", ("official_now",)),
    Place("reports:submissions", DISTRICT, ("submitted",), name="of-one"),
    Place("reports:official", "tinh-tq", ("cycle_estimated",)),
    Place("reports:totals", PROVINCE, ("province",)),
    Place("reports:totals", PROVINCE, ("province",), query="?section=1", name="by-unit"),
    Place("reports:total", PROVINCE, ("province", "tong_so_ho")),
    Place("reports:total", PROVINCE, ("province", "ho_ngheo"), name="another"),
]

#: no pages, and why
NOT_PAGES = {
    **dict.fromkeys(["reports:save", "reports:appraise", "reports:adjust", "reports:drop-adjustment", "reports:take"], "POST"),
    **dict.fromkeys(["reports:attach", "reports:take-away", "reports:bulk", "reports:decide", "logout", "set_language"], "POST"),
    **dict.fromkeys([f"reports:dashboard-{each}-csv" for each in ("progress", "timeliness", "indicators", "warnings")], "a file"),
    **dict.fromkeys([f"reports:dashboard-{each}-xlsx" for each in ("progress", "timeliness", "indicators", "warnings")], "a file"),
    "reports:attachment": "a file",
    "reports:download": "a file",
    "reports:cancel-job": "POST",
    "reports:freeze-selection": "POST",
    **dict.fromkeys(["reports:document", "reports:document-pdf"], "a file"),
    "reports:pack": "POST",
    **dict.fromkeys(["reports:models-workbook", "reports:models-csv"], "a file"),
    "reports:take-model": "POST",
    "admin:reports_documenttemplate_house": "a file",
    "admin:reports_documenttemplate_file": "a file",
    "admin:reports_attachment_file": "a file",
    "reports:narratives": "leads to the first of them",
    "reports:workbook": "a file",
    **dict.fromkeys([f"reports:{each}-file" for each in ("annex", "consolidated", "status")], "a file"),
    **dict.fromkeys(["reports:workbook-upload", "reports:workbook-apply"], "POST; looked at in test_officer_workbook.py"),
    "reports:units-workbook": "a file",
    **dict.fromkeys(["reports:units-workbook-send", "reports:upload-apply"], "POST"),
    "reports:upload": "what was sent, looked at in test_officer_workbook.py",
    "manifest": "data",
    "service-worker": "a script",
    "reports:pending": "part of a page",
    **dict.fromkeys(["healthz", "readyz", "metrics"], "for machines"),
    **dict.fromkeys(["accounts:openid", "accounts:openid-return"], "lead to the identity provider and back"),
    **dict.fromkeys(["accounts:data-file", "admin:auth_user_personal_data"], "a file"),
    "accounts:second-step": "between two POSTs; looked at in test_signing_in.py",
    **dict.fromkeys(["accounts:revoke-token", "accounts:new-calendar", "accounts:replaces-mail", "accounts:forget-contact-way"], "POST"),
    "reports:calendar": "for calendar programs",
    "api:openapi": "for machines",
    "accounts:recovery-codes": "POST; looked at in test_signing_in.py",
    "favicon": "leads to the icon",
    **dict.fromkeys(
        ["admin:logout", "admin:units_unit_move", "admin:units_reorganisation_undo", "admin:units_reorganisation_models"], "POST"
    ),
    **dict.fromkeys([f"admin:reports_cycle_{verb}" for verb in ("open", "close", "reopen")], "POST"),
    **dict.fromkeys([f"admin:reports_selection_{verb}" for verb in ("open", "freeze", "unfreeze")], "POST"),
    **dict.fromkeys([f"admin:reports_templateversion_{verb}" for verb in ("publish", "retire", "use", "draft")], "POST"),
    "admin:reports_reporttemplate_draft": "POST",
    "admin:reports_templateversion_file": "a file",
    "admin:reports_indicator_check": "POST",
    **dict.fromkeys([f"admin:reports_{each}_process_import" for each in ("cyclelevel", "dayoff", "templateversion")], "POST"),
    **dict.fromkeys([f"admin:units_{each}_process_import" for each in ("level", "succession", "unit")], "POST"),
    **dict.fromkeys(["admin:auth_user_process_import", "admin:reports_reporttemplate_process_import"], "POST"),
    "admin:autocomplete": "data",
    "admin:jsi18n": "a script",
    "admin:view_on_site": "leads to nothing: no row here has a page of its own outside",
    "admin:login": "leads to the house's own page",
}

ADMIN = [
    Place("admin:index", ADMINISTRATOR),
    *(Place("admin:app_list", ADMINISTRATOR, (app,), name=app) for app in ("auth", "units", "reports", "accounts")),
    Place("admin:password_change", ADMINISTRATOR),
    Place("admin:password_change_done", ADMINISTRATOR),
    Place("admin:units_unit_tree", ADMINISTRATOR),
    Place("admin:jobs", ADMINISTRATOR),
    Place("admin:reports_cycle_plan", ADMINISTRATOR),
    *(
        Place("admin:units_reorganisation_plan", ADMINISTRATOR, (kind,), name=kind)
        for kind in ("merge", "split", "move", "rename", "abolish")
    ),
    *(Place(f"admin:reports_templateversion_{view}", ADMINISTRATOR, ("version",)) for view in ("preview", "compare", "retiring")),
    Place("admin:reports_templateversion_confirm", ADMINISTRATOR, ("draft",)),
    Place("admin:reports_documenttemplate_preview", ADMINISTRATOR, ("document_template",)),
]

#: what Django's admin and import-export have pages for, and what an administrator must be allowed for each; the latter of a row
VIEWS = {"changelist": "view", "add": "add", "import": "import", "export": "export"}
VIEWS_OF_A_ROW = {"change": "view", "history": "view", "delete": "delete"}


def models_in_admin() -> list[str]:
    """Every model with pages in the admin, as `app_model`."""
    return sorted(_pages_in_admin())


def rows_in_admin(model: str) -> Iterator[Place]:
    """The pages that Django's admin and import-export have for a model, as far as an administrator may see them."""
    page, known = _pages_in_admin()[model], set(routes())
    for view, right in (VIEWS | VIEWS_OF_A_ROW).items():
        place = Place(f"admin:{model}_{view}", ADMINISTRATOR, of_a_row=view in VIEWS_OF_A_ROW)
        if place.route in known and may(page, right):
            yield place


def forbidden_to_all() -> Iterator[str]:
    """The routes that Django and import-export make for what no administrator may do here."""
    for model, page in _pages_in_admin().items():
        yield from (f"admin:{model}_{view}" for view, right in (VIEWS | VIEWS_OF_A_ROW).items() if not may(page, right))


def may(page: admin.ModelAdmin, right: str, *row: Any) -> bool:
    """Whether an administrator may do it: at all, or to a row."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    permission = getattr(page, f"has_{right}_permission", None)
    return permission is not None and permission(request, *row)


def _pages_in_admin() -> dict[str, admin.ModelAdmin]:
    return {f"{model._meta.app_label}_{model._meta.model_name}": page for model, page in admin.site._registry.items()}


def routes(patterns: Iterable[Any] | None = None, namespace: str = "") -> Iterator[str]:
    """The name of every named route of the project, but for the API's, whose operations are no pages."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and pattern.name and (namespace != "api:" or pattern.name == "openapi"):
            yield f"{namespace}{pattern.name}"
