"""Browsing in tests: a signed-in client, the moment at which the pages are looked at, and what a page's form would send."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import time_machine
from django.test import Client

from reports.services import rolling_up
from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator

LOOKED_AT = at("2025-06-13 09:00")


@contextmanager
def looked_at(moment: Any = LOOKED_AT) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def signed_in(user: Any) -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(user)
    return client


def english(user: Any) -> Client:
    """Signed in, and reading English."""
    client = signed_in(user)
    client.cookies["django_language"] = "en"
    return client


def given_form_cycle(**plan: Any) -> Play:
    """One commune with three hamlets; a template with every kind of cell."""
    version = given_template(
        indicator("ho", levels="hamlet|commune", up="leaf_sum", required=True, name_vi="Số hộ", name_en="Households"),
        indicator("ngheo", levels="hamlet|commune", up="leaf_sum", rules="error: ngheo <= ho", name_vi="Hộ nghèo"),
        indicator("ty_le", "percent", levels="hamlet|commune|district|province", formula="ngheo / ho", name_vi="Tỷ lệ"),
        indicator("tien", "decimal", levels="hamlet", rules="warn: tien <= 100", name_vi="Kinh phí"),
        indicator("co_to", "boolean", levels="hamlet", name_vi="Có tổ"),
        indicator("loai", "choice", levels="hamlet", choices="tot|kha", name_vi="Xếp loại"),
        indicator("uu_diem", "text", levels="hamlet|commune", section="B", name_vi="Ưu điểm"),
        indicator("bang", "table", levels="hamlet", columns="Việc|Kết quả", section="B", name_vi="Bảng việc"),
        indicator("diem", "decimal", levels="hamlet", up="mean", entered_by="superior", section="B", name_vi="Điểm thẩm định"),
        indicator("cuoc", levels="commune|district|province", section="B", name_vi="Số cuộc"),
    )
    return given_cycle(version, **plan)


def given_two_hamlets_in() -> Play:
    """The same, two of the hamlets accepted."""
    play = given_form_cycle()
    for uid, ho, ngheo in (("H1", "1200", "30"), ("H2", "34", "0")):
        play.hand_in(uid, ho=ho, ngheo=ngheo)
    rolling_up.drain_all([play.cycle.pk])
    return play


def officers() -> dict[str, Any]:
    """An officer for hamlet 1, for the commune, the district and the province, a viewer, and a stranger."""
    return {
        "hamlet": given_user("thon", H1="preparer approver"),
        "commune": given_user("xa", C="preparer approver reviewer"),
        "district": given_user("huyen", D="preparer approver reviewer"),
        "province": given_user("tinh", P="preparer approver reviewer cycle_manager"),
        "viewer": given_user("xem", D="viewer"),
        "stranger": given_user("khach"),
    }


def text_of(response: Any) -> str:
    """The page's words, without tags and with single spaces."""
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def said(response: Any) -> list[str]:
    """The messages shown after a redirect."""
    return [str(message) for message in response.context["messages"]]
