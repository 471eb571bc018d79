"""Invented figures that hang together: each half-year's parts fit each other, a year is its two halves (semantics §7).

Whole numbers only; money, land and roads are counted in hundredths. Every error rule of the template holds by
construction, and a few warnings don't, as in life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from reports.demo.chance import draw, happens
from reports.demo.narratives import hamlet_narratives, office_narratives
from reports.demo.places import Place
from reports.demo.tasks import tasks_set

_IN_HUNDREDTHS = frozenset({"hd_tien", "hd_dat_hien", "hd_duong_km", "diem_thon"})
_MODELS = ("dvk_dk_kinh_te", "dvk_dk_vhxh", "dvk_dk_qpan", "dvk_dk_htct")

#: a template's rules that a few reports break, with what they say to it
EXPLANATIONS = {
    "to_dv_buoi_hop": "Một số tháng sinh hoạt tổ dân vận được lồng ghép với họp thôn do bận mùa vụ.",
    "nv_chua_lam": "Nhiệm vụ chờ bố trí kinh phí; hai bên đã thống nhất chuyển sang năm sau.",
    "don_ton_dau_ky": "Điều chỉnh sau khi rà soát: có đơn chuyển đến cơ quan khác theo thẩm quyền.",
    **dict.fromkeys(_MODELS, "Mô hình đăng ký đầu năm chuyển sang lĩnh vực khác sau khi rà soát."),
    "dvk_cong_nhan": "Hồ sơ công nhận được rà soát lại, chuyển sang kỳ sau.",
}


@dataclass(frozen=True, slots=True)
class Span:
    """What a report covers: one half-year or both, and the days (named) at which what stays is counted.

    Offices that report set tasks for the next period on the day `sets_tasks_on`, if on any.
    """

    halves: tuple[str, ...]
    begins: str
    ends: str
    sets_tasks_on: date | None = None


def of_span(span: Span) -> Callable[[Place], dict[str, str]]:
    """What units enter for `span`."""
    return partial(own_figures, span=span)


def own_figures(place: Place, span: Span) -> dict[str, str]:
    """What the unit of `place` enters for `span`, as plain text by indicator code."""
    if place.level == "hamlet":
        numbers, words = _hamlet(place, span), hamlet_narratives(place)
    else:
        numbers, words = _office(place, span), office_narratives(place, span.ends)
        if span.sets_tasks_on:
            words["nv_ky_toi"] = tasks_set(place, span.sets_tasks_on)
    return {code: _plain(code, value) for code, value in numbers.items()} | words


def _plain(code: str, value: int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if code in _IN_HUNDREDTHS:
        return f"{value // 100}.{value % 100:02}"
    return str(value)


# --- Hamlets ---------------------------------------------------------------------------------------


def _hamlet(place: Place, span: Span) -> dict[str, int | bool]:
    uid = place.uid
    has_team = happens(uid, "team", 95)
    figures: dict[str, int | bool] = {**_households(uid, span), **_summed(_leaf_flows, uid, span), **_summed(_hamlet_flows, uid, span)}
    if has_team:
        figures["to_dv_buoi_hop"] = sum(
            6 - (draw(uid, f"meetings|{half}", 1, 2) if happens(uid, f"skips|{half}", 9) else 0) for half in span.halves
        )
    return figures | {
        "co_to_dan_van": has_team,
        "dvk_duy_tri": draw(uid, "models running", 0, 2),
        "kdc_dk_vh": happens(uid, "cultural", 88),
        "thon_duoc_chon": place.is_chosen,
        "diem_thon": draw(uid, f"score|{span.ends}", 268 if place.is_chosen else 212, 388) * 25,
    }


def _households(uid: str, span: Span) -> dict[str, int]:
    """What the hamlet has; the poor become fewer."""
    households = draw(uid, "households", 60, 146) + draw(uid, f"households|{span.ends}", 0, 4)
    poor = households * draw(uid, "poor", 9, 44) // 100 - draw(uid, f"poor|{span.ends}", 0, 4)
    return {"tong_so_ho": households, "ho_ngheo": max(poor, 0), "ho_dk_gdvh": households * draw(uid, "families", 78, 99) // 100}


def _leaf_flows(uid: str, half: str) -> Counter[str]:
    cases = draw(uid, f"cases|{half}", 0, 4)
    builds = happens(uid, f"builds|{half}", 45)
    return Counter(
        hg_tiep_nhan=cases,
        hg_thanh=cases - (draw(uid, f"unsettled|{half}", 0, 1) if cases else 0),
        hd_tien=draw(uid, f"money|{half}", 300, 6500) if builds else 0,
        hd_ngay_cong=draw(uid, f"labour|{half}", 40, 420),
        hd_dat_hien=draw(uid, f"land|{half}", 2500, 90000) if builds else 0,
        hd_duong_km=draw(uid, f"road|{half}", 10, 180) if builds else 0,
    )


def _hamlet_flows(uid: str, half: str) -> Counter[str]:
    meetings = draw(uid, f"outreach|{half}", 2, 6)
    return Counter(
        hn_tuyen_truyen=meetings,
        luot_nguoi_tuyen_truyen=meetings * draw(uid, f"audience|{half}", 28, 75),
        hop_thon=draw(uid, f"assemblies|{half}", 2, 5),
        **_models(uid, half, 12),
    )


# --- Communes, districts, provinces ----------------------------------------------------------------


def _office(place: Place, span: Span) -> dict[str, int | bool]:
    uid = place.uid
    figures = _summed(_office_flows, uid, span)
    if place.level == "commune":
        figures.update(_summed(_commune_flows, uid, span))
        figures["so_thon"] = len(place.hamlets)
    if not place.reports_below:
        for hamlet in place.hamlets:
            figures.update(_households(hamlet, span))
            figures.update(_summed(_leaf_flows, hamlet, span))
    running = draw(uid, "models running", 2, 6)
    figures.update(_petitions(uid, figures["don_tiep_nhan"], span))
    figures.update(
        dvk_duy_tri=running,
        dvk_hieu_qua=running - draw(uid, "models not yet effective", 0, 2),
        vu_vuot_cap=int(happens(uid, f"prolonged|{span.ends}", 6)),
        ctph_hieu_luc=draw(uid, "programmes", 1, 4),
    )
    return dict(figures)


def _office_flows(uid: str, half: str) -> Counter[str]:
    meetings = draw(uid, f"outreach|{half}", 3, 12)
    scheduled, unscheduled = draw(uid, f"dialogues|{half}", 0, 3), int(happens(uid, f"unscheduled|{half}", 25))
    dialogues = scheduled + unscheduled
    questions = dialogues * draw(uid, f"questions|{half}", 4, 12)
    receptions = draw(uid, f"receptions|{half}", 8, 30)
    return Counter(
        vb_lanh_dao=draw(uid, f"documents|{half}", 2, 9),
        hn_tuyen_truyen=meetings,
        luot_nguoi_tuyen_truyen=meetings * draw(uid, f"audience|{half}", 35, 110),
        cuoc_kiem_tra=draw(uid, f"inspections|{half}", 1, 4),
        dt_dinh_ky=scheduled,
        dt_dot_xuat=unscheduled,
        dt_luot_nguoi=dialogues * draw(uid, f"present|{half}", 40, 120),
        dt_y_kien=questions,
        dt_y_kien_tra_loi=questions - (draw(uid, f"unanswered|{half}", 0, 2) if questions else 0),
        tcd_luot=receptions,
        tcd_vu_viec=receptions - draw(uid, f"shared receptions|{half}", 0, 5),
        don_tiep_nhan=draw(uid, f"petitions|{half}", 2, 14),
        gs_cuoc=draw(uid, f"supervision|{half}", 1, 5),
        pb_hoi_nghi=draw(uid, f"criticism|{half}", 0, 2),
        dvk_cong_nhan=draw(uid, f"recognised|{half}", 0, 2),
        ct_ho_tro_dtts=draw(uid, f"minorities|{half}", 0, 4),
        **_models(uid, half, 30),
    )


def _commune_flows(uid: str, half: str) -> Counter[str]:
    return Counter(ttnd_giam_sat=draw(uid, f"people's inspection|{half}", 1, 4), nha_dai_doan_ket=draw(uid, f"houses|{half}", 0, 5))


def _petitions(uid: str, received: int, span: Span) -> dict[str, int]:
    """What was left over at the end of the span before is carried over; a few were counted anew meanwhile."""
    carried = _pending(uid, span.begins) + happens(uid, f"recounted|{span.begins}", 3)
    return {"don_ton_dau_ky": carried, "don_giai_quyet": carried + received - _pending(uid, span.ends)}


def _pending(uid: str, day: str) -> int:
    return draw(uid, f"pending|{day}", 0, 2)


# --- Both ------------------------------------------------------------------------------------------


def _models(uid: str, half: str, percent: int) -> dict[str, int]:
    return {code: int(happens(uid, f"{code}|{half}", percent)) for code in _MODELS}


def _summed(flows: Callable[[str, str], Counter[str]], uid: str, span: Span) -> Counter[str]:
    total: Counter[str] = Counter()
    for half in span.halves:
        total.update(flows(uid, half))
    return total
