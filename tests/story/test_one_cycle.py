"""One reporting cycle of a real district, from the file of units to the published totals, by commands alone.

What is published is computed a second time here, from the figures that went in, with nothing of the project's own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from reports.models import Report
from tests.entrypoints.cli import done, figures, manage, standard_levels
from units.hamlets import DATA

DISTRICT = "2024-D026"
TEMPLATE = Path(__file__).parents[2] / "reports" / "data" / "template_dan_van.csv"
IN_TIME = ("--at", "2025-06-17T09:00:00+07:00")
LATE = ("--at", "2025-06-19T09:00:00+07:00")
REVIEWED = ("--at", "2025-06-20T09:00:00+07:00")

Figures = dict[str, dict[str, str]]


def hamlet_figures(uid: str, number: int) -> dict[str, str]:
    households = 40 + number * 7 % 90
    received = number % 5
    return {
        "tong_so_ho": str(households),
        "ho_ngheo": str(households // (2 + number % 4)),
        "hn_tuyen_truyen": str(number % 3),
        "co_to_dan_van": ("yes", "no", "")[number % 3],
        "hg_tiep_nhan": str(received),
        "hg_thanh": str(max(received - 1, 0)),
        "hd_tien": f"{number}.{number % 100:02}",
        "diem_thon": f"{50 + number % 50}.{number % 10}" if number % 4 else "",
        **dict.fromkeys(("dvk_dk_kinh_te", "dvk_dk_vhxh", "dvk_dk_qpan", "dvk_dk_htct"), str(number % 2)),
    }


def office_figures(number: int, hamlets: int | None) -> dict[str, str]:
    """A commune's figures, or with no number of hamlets the district's."""
    return {
        "hn_tuyen_truyen": str(number),
        "dt_dinh_ky": str(number % 2),
        "dt_dot_xuat": "0",
        "don_tiep_nhan": str(10 + number),
        "don_giai_quyet": str(number),
        **dict.fromkeys(("dvk_dk_kinh_te", "dvk_dk_vhxh", "dvk_dk_qpan", "dvk_dk_htct"), "0"),
        **({} if hamlets is None else {"so_thon": str(hamlets)}),
    }


def written(given: Figures, uids: Iterable[str]) -> bytes:
    return figures(*(f"{uid},{code},{value}" for uid in uids for code, value in given[uid].items()))


def given_units() -> dict[str, str]:
    """Both real trees, invented hamlets below one district, and an open cycle; each reporting unit's superior."""
    standard_levels()
    assert done("import_units", DATA / "units_vn.csv").out == "Units: 14149 added, 0 changed, 0 unchanged.\n"
    done("generate_hamlets", "--under", DISTRICT)
    done("import_template", TEMPLATE, "--code", "dan_van", "--name", "Báo cáo công tác dân vận", "--publish")
    due = ["district=2025-06-25", "commune=2025-06-20", "hamlet=2025-06-17"]
    opened = done("open_cycle", "--template", "dan_van", "--period", "2025-H1", "--under", DISTRICT, "--due", *due)
    assert opened.lines[0] == "dan_van-2025-H1"
    rows = Report.objects.order_by("position").values_list("unit__uid", "superior__unit__uid")
    return {uid: superior or "" for uid, superior in rows}


@pytest.mark.django_db
def test_a_district_s_half_year_from_the_units_to_the_published_totals(tmp_path: Path) -> None:
    superiors = given_units()
    communes = [uid for uid, superior in superiors.items() if superior == DISTRICT]
    hamlets = [uid for uid, superior in superiors.items() if superior in communes]
    assert len(communes) == 19
    assert len(hamlets) > 100
    given: Figures = {uid: hamlet_figures(uid, number) for number, uid in enumerate(hamlets)}
    for number, uid in enumerate(communes):
        given[uid] = office_figures(number, sum(superior == uid for superior in superiors.values()))
    given[DISTRICT] = office_figures(1, None)
    late, exempt, missing = hamlets[3], hamlets[4], hamlets[5]
    in_time = [uid for uid in hamlets if uid not in (late, exempt, missing)]
    cycle = "dan_van-2025-H1"

    done("import_reports", cycle, "-", "--state", "accepted", *IN_TIME, stdin=written(given, in_time))
    done("import_reports", cycle, "-", "--state", "submitted", *LATE, stdin=written(given, [late]))
    done("transition", cycle, "exempt", "--unit", exempt, "--reason", "lũ quét", *LATE)
    done("transition", cycle, "accept", "--unit", late, *REVIEWED)

    wrong = given | {communes[0]: given[communes[0]] | {"so_thon": "0"}}
    refused = manage("import_reports", cycle, "-", "--state", "submitted", *REVIEWED, stdin=written(wrong, communes))
    assert len(refused.problems) == 2, "a commune without hamlets, and one of them that is missing"
    options = ("--state", "accepted", "--confirm-incomplete", *REVIEWED)
    done("import_reports", cycle, "-", *options, stdin=written(given, communes))
    done("transition", cycle, "reopen", "--unit", communes[1], "--reason", "thiếu số liệu", *REVIEWED)
    given[communes[1]]["dt_dinh_ky"] = "7"
    done("import_reports", cycle, "-", *options, stdin=figures(f"{communes[1]},dt_dinh_ky,7"))
    done("import_reports", cycle, "-", *options, stdin=written(given, [DISTRICT]))
    done("sweep", "--at", "2025-06-26T00:00:00+07:00")
    done("close_cycle", cycle)

    done("verify_rollups", cycle)
    published = tmp_path / "totals.csv"
    done("export_rollup", cycle, "--output", published)
    with published.open(newline="", encoding="utf-8") as file:
        rows = {(row["unit_uid"], row["indicator"]): row for row in csv.DictReader(file)}
    with TEMPLATE.open(newline="", encoding="utf-8") as file:
        aggregated = [row["code"] for row in csv.DictReader(file) if row["aggregate_up"] != "none"]
    assert list(rows) == [(uid, code) for uid in sorted(superiors) for code in aggregated]

    counted = set(superiors) - {exempt, missing}
    for uid in superiors:
        below = list(subtree(uid, superiors))
        inside = [given[each] for each in below if each in counted]
        for code, (value, answered) in expected(inside).items():
            row = rows[uid, code]
            assert (row["value"], row["answered"]) == (value, answered), (uid, code)
            assert (int(row["counted"]), int(row["expected"])) == (len(inside), len(below) - (exempt in below)), uid

    status = {row["unit_uid"]: row for row in csv.DictReader(done("export_status", cycle, "--at", "2025-06-26T00:00:00+07:00").lines)}
    assert (status[late]["timeliness"], status[late]["flags"]) == ("late", "late")
    assert (status[missing]["state"], status[missing]["timeliness"], status[missing]["flags"]) == ("not_started", "missing", "missing")
    assert (status[exempt]["timeliness"], status[exempt]["flags"]) == ("exempt", "")
    others = [row for uid, row in status.items() if uid not in (late, missing, exempt)]
    assert {(row["state"], row["timeliness"], row["flags"]) for row in others} == {("accepted", "on_time", "")}


def subtree(uid: str, superiors: dict[str, str]) -> Iterator[str]:
    yield uid
    for each, superior in superiors.items():
        if superior == uid:
            yield from subtree(each, superiors)


def expected(inside: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    """Value and answered of some indicators, over the figures of the reports that are counted."""

    def entered(code: str) -> list[Fraction]:
        return [Fraction(own[code]) for own in inside if own.get(code)]

    def total(code: str) -> Fraction | None:
        return sum(entered(code), Fraction(0)) if entered(code) else None

    def percent(part: str, *whole: str) -> tuple[str, str]:
        parts = [total(code) for code in whole]
        if total(part) is None or None in parts or not sum(parts):  # type: ignore[arg-type]
            return "", ""
        return digits(total(part) * 100 / sum(parts)), ""  # type: ignore[operator, arg-type]

    sums = ("so_thon", "tong_so_ho", "ho_ngheo", "hn_tuyen_truyen", "dt_dinh_ky", "don_tiep_nhan", "hg_tiep_nhan", "hg_thanh", "hd_tien")
    found = {code: (digits(total(code)), str(len(entered(code)))) for code in sums}
    scores = entered("diem_thon")
    found["diem_thon"] = digits(sum(scores) / Fraction(len(scores))) if scores else "", str(len(scores))
    yes, no = (sum(own.get("co_to_dan_van") == word for own in inside) for word in ("yes", "no"))
    found["co_to_dan_van"] = str(yes) if yes + no else "", str(yes + no)
    found["ty_le_ho_ngheo"] = percent("ho_ngheo", "tong_so_ho")
    found["ty_le_hg_thanh"] = percent("hg_thanh", "hg_tiep_nhan")
    bounds = {"xuat_sac": (90, 101), "tot": (80, 90), "kha": (65, 80), "trung_binh": (50, 65), "yeu": (0, 50)}
    ranks = {name: sum(low <= score < high for score in scores) for name, (low, high) in bounds.items()}
    found["xep_loai_thon"] = "|".join(f"{name}={count}" for name, count in ranks.items()) if scores else "", str(len(scores))
    return found


def digits(value: Fraction | None) -> str:
    """To twelve decimals, half away from zero, which is all of them where the quotient ends sooner; nothing here is negative."""
    if value is None:
        return ""
    scaled = int(value * 10**12 + Fraction(1, 2))
    text = f"{Decimal(scaled) / 10**12:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
