"""DHIS2's metadata: out as its /api/metadata takes it, and in as units and as a template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.models import Indicator, TemplateVersion
from tests.builders import given_user
from tests.entrypoints.cli import done, given_cycle, manage, standard_levels
from tests.unit_builders import load_csv
from units.models import Unit

pytestmark = pytest.mark.django_db

KINDS = (
    "a,integer,hamlet|commune,sum,flow_sum,,,yes",
    "ho,integer,hamlet,leaf_sum,stock_last",
    "d,decimal,hamlet,mean,last",
    "co,boolean,hamlet,count_yes,last",
    "loai,choice:tot|kha,hamlet,distribution,last",
    "chu,text,hamlet,none,none",
    "t,percent,hamlet|commune,formula,formula,a / ho",
)
UNIT_COLUMNS = "uid,code,name,level,parent_uid,valid_from,valid_to,kind"


def exported(*more: object) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(done("export_dhis2", "k", "metadata", *more).out)
    return found


def references(told: Any, *, is_top: bool = True) -> Iterator[str]:
    """The ids that an object refers to."""
    if isinstance(told, dict):
        if not is_top and set(told) <= {"id", "code"}:
            yield told["id"]
        for value in told.values():
            yield from references(value, is_top=False)
    elif isinstance(told, list):
        for value in told:
            yield from references(value, is_top=False)


# --- Out --------------------------------------------------------------------------------------------


def test_every_object_has_an_id_and_every_reference_its_object():
    given_cycle(*KINDS)
    found = exported()
    objects = [told for each in found.values() for told in each]
    ids = [told["id"] for told in objects]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9]{10}", each) for each in ids)
    made_there = {"bjDvmb4bfuf"}
    members = {each["id"] for told in found["dataSets"] for each in told["dataSetElements"]}
    assert {each for told in objects for each in references(told)} - set(ids) - members == made_there


def test_names_and_codes_keep_to_dhis2s_lengths_and_are_unique_by_kind():
    given_cycle(*KINDS)
    Unit.objects.filter(uid="H1").update(name="Tổ dân phố " * 12)
    for objects in exported().values():
        for key, most in (("name", 230), ("shortName", 50), ("code", 50)):
            values = [told[key] for told in objects if key in told]
            assert all(len(value) <= most for value in values)
    for key in ("dataElements", "indicators", "optionSets", "dataSets"):
        for attribute in ("name", "code"):
            values = [told[attribute] for told in exported()[key]]
            assert len(set(values)) == len(values)


def test_units_leave_with_their_superior_days_and_level():
    given_cycle(*KINDS)
    Unit.objects.filter(uid="C").update(valid_from=date(2020, 1, 1), valid_to=date(2025, 6, 30), name_en="Commune C")
    found = {told["code"]: told for told in exported()["organisationUnits"]}
    assert list(found) == ["P", "D", "C", "H1", "H2", "H3"]
    assert (found["C"]["openingDate"], found["C"]["closedDate"]) == ("2020-01-01", "2025-06-30")
    assert found["C"]["translations"] == [{"property": "NAME", "locale": "en", "value": "Commune C"}]
    assert found["C"]["parent"] == {"id": found["D"]["id"], "code": "D"}
    assert ("parent" in found["P"], found["P"]["openingDate"]) == (False, "1900-01-01")
    assert [told["level"] for told in found.values()] == [1, 2, 3, 4, 4, 4]


def test_a_group_tells_the_level_where_dhis2s_levels_are_depths():
    given_cycle(*KINDS)
    load_csv(UNIT_COLUMNS, "X,,Xã X,commune,P,,,territory", "S,,Sở S,,P,,,agency")
    done("open_cycle", "--template", "t", "--period", "2025-H1", "--under", "P", "--kind", "territory", "agency", "--code", "k2",
         "--due", *(f"{level}=2025-06-30" for level in ("province", "district", "commune", "hamlet", "agency")))  # fmt: skip
    found: dict[str, Any] = json.loads(done("export_dhis2", "k2", "metadata").out)
    names = {told["id"]: told["code"] for told in found["organisationUnits"]}
    groups = {told["code"]: {names[each["id"]] for each in told["organisationUnits"]} for told in found["organisationUnitGroups"]}
    assert groups == {"province": {"P"}, "district": {"D"}, "commune": {"C", "X"}, "hamlet": {"H1", "H2", "H3"}, "agency": {"S"}}
    second = next(told for told in found["organisationUnitLevels"] if told["level"] == 2)
    assert second["name"] == "Cấp huyện / Cấp xã / Cơ quan phối hợp"


def test_a_data_element_is_made_of_each_indicator_and_an_indicator_of_each_formula():
    given_cycle(*KINDS)
    found = exported()
    kinds = {told["code"]: (told["valueType"], told["aggregationType"]) for told in found["dataElements"]}
    assert kinds == {
        "t.a": ("INTEGER", "SUM"),
        "t.ho": ("INTEGER", "LAST"),
        "t.d": ("NUMBER", "LAST_AVERAGE_ORG_UNIT"),
        "t.co": ("BOOLEAN", "LAST"),
        "t.loai": ("TEXT", "NONE"),
        "t.chu": ("LONG_TEXT", "NONE"),
    }
    assert {(told["domainType"], told["zeroIsSignificant"]) for told in found["dataElements"]} == {("AGGREGATE", True)}
    assert [(told["code"], told["name"], told["sortOrder"]) for told in found["options"]] == [("tot", "Tốt", 1), ("kha", "Khá", 2)]
    ids = {told["code"]: told["id"] for told in found["dataElements"]}
    (ratio,) = found["indicators"]
    assert (ratio["numerator"], ratio["denominator"]) == (f"#{{{ids['t.a']}}}", f"#{{{ids['t.ho']}}}")
    factor = {told["id"]: told["factor"] for told in found["indicatorTypes"]}
    assert factor[ratio["indicatorType"]["id"]] == 100


def test_the_data_set_has_the_cycles_period_and_the_units_that_report():
    given_cycle(*KINDS)
    found = exported()
    (data_set,) = found["dataSets"]
    assert (data_set["code"], data_set["periodType"]) == ("t.SixMonthly", "SixMonthly")
    assert {each["id"] for each in data_set["organisationUnits"]} == {told["id"] for told in found["organisationUnits"]}
    assert [each["dataElement"]["id"] for each in data_set["dataSetElements"]] == [told["id"] for told in found["dataElements"]]
    assert [told["name"] for told in found["sections"]] == ["A"]


def test_a_user_takes_the_units_in_reach_alone():
    given_cycle(*KINDS)
    given_user("xa", C="viewer")
    found = exported("--user", "xa")
    assert [told["code"] for told in found["organisationUnits"]] == ["C", "H1", "H2", "H3"]
    assert len(found["dataSets"][0]["organisationUnits"]) == 4


def test_a_country_takes_as_few_questions_as_a_commune():
    given_cycle(*KINDS)
    asked = []
    exported()  # the version is kept compiled from then on
    for unit in ("H1", "P"):
        with CaptureQueriesContext(connection) as captured:
            done("export_dhis2", "k", "metadata", "--unit", unit)
        asked.append(len(captured))
    assert asked == [8, 8]


# --- Units in ---------------------------------------------------------------------------------------


def test_units_come_back_as_they_left_and_keep_what_dhis2_does_not_know():
    given_cycle(*KINDS)
    load_csv(UNIT_COLUMNS, "S,99,Sở S,,P,2020-01-01,2030-12-31,agency")
    left = done("export_dhis2", "k", "metadata").out
    ran = done("import_dhis2", "units", "-", stdin=left.encode())
    assert ran.out == "Units: 0 added, 0 changed, 7 unchanged.\n"
    elsewhere = json.loads(left)
    for told in elsewhere["organisationUnits"]:
        told["code"] = f"2030-{told['code']}"
        told.get("parent", {}).pop("code", None)
    ran = done("import_dhis2", "units", "-", stdin=json.dumps(elsewhere).encode())
    assert ran.out == "Units: 6 added, 0 changed, 7 unchanged.\n"
    assert Unit.objects.get(uid="2030-H1").parent == Unit.objects.get(uid="2030-C")
    assert {unit.level.code for unit in Unit.objects.filter(uid__startswith="2030-H") if unit.level} == {"hamlet"}


#: as DHIS2 exports a hierarchy: ids of its own, days with hours, levels by name
FOREIGN = {
    "organisationUnits": [
        {"name": "Badjia", "id": "YuQRtpLP10I", "shortName": "Badjia", "openingDate": "1970-01-01T00:00:00.000", "level": 2,
         "parent": {"id": "O6uvpzGd5pu"}, "path": "/O6uvpzGd5pu/YuQRtpLP10I"},
        {"name": "Bo", "id": "O6uvpzGd5pu", "shortName": "Bo", "openingDate": "1990-02-01T00:00:00.000",
         "closedDate": "2025-06-30T00:00:00.000", "level": 1},
    ],
    "organisationUnitLevels": [{"id": "H1KlN4QIauv", "name": "Province", "level": 1}, {"id": "wjP19dkFeIk", "name": "Cấp xã", "level": 2}],
}  # fmt: skip


def test_a_foreign_hierarchy_is_taken_by_its_ids_with_levels_by_name():
    standard_levels()
    assert done("import_dhis2", "units", "-", stdin=json.dumps(FOREIGN).encode()).out == "Units: 2 added, 0 changed, 0 unchanged.\n"
    found = {unit.uid: (str(unit.level and unit.level.code), unit.valid_from, unit.valid_to) for unit in Unit.objects.all()}
    assert found == {
        "O6uvpzGd5pu": ("province", date(1990, 2, 1), date(2025, 6, 30)),
        "YuQRtpLP10I": ("commune", date(1970, 1, 1), None),
    }


def test_a_unit_of_which_nothing_says_the_level_is_refused_with_what_to_do():
    standard_levels()
    content = json.dumps(FOREIGN | {"organisationUnitLevels": []}, indent=1)
    problems = manage("import_dhis2", "units", "-", stdin=content.encode()).problems
    assert len(problems) == 2
    assert problems[0].startswith("-:3: organisationUnitGroups: Nothing says at which level the unit stands")
    assert manage("import_dhis2", "units", "-", stdin=b'{"dataElements": []}').problems == ["-:1: The file holds no organisationUnits."]


# --- A template in ----------------------------------------------------------------------------------


def taken(content: Any, *more: object) -> Any:
    arguments = ("--code", "moi", "--name", "Mẫu mới", "--levels", "hamlet|commune")
    return manage("import_dhis2", "template", "-", *arguments, *more, stdin=json.dumps(content, indent=1).encode())


def test_a_template_comes_back_as_far_as_dhis2_can_say_it():
    given_cycle(*KINDS)
    ran = taken(exported(), "--publish")
    assert (ran.code, ran.out) == (0, "moi version 1 (published): 6 indicators.\n")
    rows = Indicator.objects.filter(version__template__code="moi").order_by("position")
    told = [(row.section, row.name_vi, row.value_type, row.choices, row.aggregate_up, row.aggregate_time) for row in rows]
    assert told == [
        ("A", "a", "integer", "", "sum", "flow_sum"),
        ("A", "ho", "integer", "", "sum", "stock_last"),
        ("A", "d", "decimal", "", "mean", "stock_last"),
        ("A", "co", "boolean", "", "count_yes", "stock_last"),
        ("A", "loai", "choice", "tot|kha", "distribution", "stock_last"),
        ("A", "chu", "text", "", "none", "none"),
    ]
    assert {row.levels for row in rows} == {"hamlet|commune"}


def a_data_element(**changes: Any) -> dict[str, Any]:
    usual = {"id": "fbfJHSPpUQD", "code": "DE_359596", "name": "ANC 1st visit", "valueType": "NUMBER", "aggregationType": "SUM"}
    return {"dataElements": [usual | changes]}


def test_a_code_of_dhis2_becomes_one_of_ours():
    standard_levels()
    assert taken(a_data_element()).code == 0
    row = Indicator.objects.get(version__template__code="moi")
    assert (row.code, row.name_vi, row.section) == ("de_359596", "ANC 1st visit", "moi")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"valueType": "PHONE_NUMBER"}, "valueType: “ANC 1st visit” has the value type PHONE_NUMBER, which no indicator may have."),
        ({"aggregationType": "VARIANCE"}, "aggregationType: “ANC 1st visit” aggregates by VARIANCE, which has no counterpart here."),
        ({"categoryCombo": {"id": "m2jTvAj5kkm"}}, "categoryCombo: “ANC 1st visit” is broken down by categories"),
    ],
)
def test_what_no_indicator_may_be_is_refused_at_its_line(changes: dict[str, Any], said: str):
    standard_levels()
    problems = taken(a_data_element(**changes)).problems
    assert problems[0].startswith(f"-:3: {said}")
    assert not TemplateVersion.objects.filter(template__code="moi").exists()


def test_of_several_data_sets_one_has_to_be_named():
    given_cycle(*KINDS)
    content = exported()
    content["dataSets"].append({"id": "BfMAe6Itzgt", "code": "khac", "name": "Khác", "dataSetElements": []})
    assert taken(content).problems == ["-:1: dataSets: The file holds several data sets; say which: t.SixMonthly, khac."]
    assert taken(content, "--data-set", "t.SixMonthly").code == 0
    assert manage("import_dhis2", "template", "-").code == 2
