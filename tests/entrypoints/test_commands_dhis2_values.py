"""DHIS2's data value sets and ADX, out and in, held to the examples of DHIS2's public documentation."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEntry
from reports.documents.dhis2.identifiers import unit_id
from reports.models import Report
from reports.services import filling
from tests.builders import at, given_user
from tests.entrypoints.cli import Ran, done, given_cycle, given_figures, manage, own
from tests.entrypoints.dhis2_examples import ADX_XML, BROKEN_DOWN_CSV, BULK_CSV, BULK_XML, READ_CSV, READ_JSON, SET_JSON, SET_XML, as_ours

pytestmark = pytest.mark.django_db

ALL_KINDS = (
    "a,integer,hamlet|commune,sum,flow_sum",
    "d,decimal,hamlet,mean,last,,,,,yes",
    "co,boolean,hamlet,count_yes,last",
    "loai,choice:tot|kha,hamlet,distribution,last",
    "chu,text,hamlet,none,none",
    "t,percent,hamlet|commune,formula,formula,a / d",
)
THREE = tuple(f"{code},integer,hamlet|commune,sum,flow_sum" for code in "abc")
ACCEPTED = ("--state", "accepted", "--at", "2025-06-01T08:00:00+07:00", "--confirm-incomplete")


def sent(content: bytes | str, *options: object) -> Ran:
    return manage("import_reports", "k", "-", *options, stdin=content.encode() if isinstance(content, str) else content)


def taken(content: bytes | str, *options: object) -> str:
    ran = sent(content, *options)
    assert ran.code == 0, ran
    return ran.out


def values_of(*more: object) -> list[dict[str, str]]:
    """What leaves of the cycle `k` as a data value set in JSON."""
    found: list[dict[str, str]] = json.loads(done("export_dhis2", "k", "json", *more).out)["dataValues"]
    return found


def given_all_kinds() -> None:
    given_cycle(*ALL_KINDS)
    given_figures("H1,a,0", "H1,d,-1.50", "H1,co,no", "H1,loai,kha", 'H1,chu,"một < hai & ""ba"",\n\tbốn"', "H2,a,7", options=ACCEPTED)


# --- Out --------------------------------------------------------------------------------------------


def test_figures_leave_as_a_data_value_set_by_code_with_plain_decimals():
    given_all_kinds()
    whole = json.loads(done("export_dhis2", "k", "json").out)
    assert {key: whole[key] for key in ("idScheme", "dataSet")} == {"idScheme": "CODE", "dataSet": "t.SixMonthly"}
    assert list(whole)[-1] == "dataValues"
    assert [(each["orgUnit"], each["dataElement"], each["value"]) for each in whole["dataValues"]] == [
        ("H1", "t.a", "0"),
        ("H1", "t.d", "-1.5"),
        ("H1", "t.co", "false"),
        ("H1", "t.loai", "kha"),
        ("H1", "t.chu", 'một < hai & "ba",\n\tbốn'),
        ("H2", "t.a", "7"),
    ]
    assert {each["period"] for each in whole["dataValues"]} == {"2025S1"}


def test_the_same_leaves_as_xml_and_as_adx_with_what_is_no_number_in_annotations():
    given_all_kinds()
    dxf = ElementTree.fromstring(done("export_dhis2", "k", "xml").out)  # noqa: S314
    assert (dxf.tag, dxf.get("idScheme")) == ("{http://dhis2.org/schema/dxf/2.0}dataValueSet", "CODE")
    assert [dict(each.attrib) for each in dxf] == values_of()
    adx = ElementTree.fromstring(done("export_dhis2", "k", "adx", "--at", "2025-07-01T07:00:00+07:00").out)  # noqa: S314
    names = {"": "urn:ihe:qrph:adx:2015"}
    assert adx.get("exported") == "2025-07-01T00:00:00Z"
    groups = adx.findall("group", names)
    assert [dict(group.attrib) for group in groups] == [
        {"orgUnit": uid, "period": "2025-01-01/P6M", "dataSet": "t.SixMonthly", "completeDate": "2025-06-01"} for uid in ("H1", "H2")
    ]
    told = [(each.get("dataElement"), each.get("value"), each.findtext("annotation", None, names)) for each in groups[0]]
    assert told == [
        ("t.a", "0", None),
        ("t.d", "-1.5", None),
        ("t.co", "0", "false"),
        ("t.loai", "0", "kha"),
        ("t.chu", "0", 'một < hai & "ba",\n\tbốn'),
    ]


def test_only_accepted_reports_leave_and_adjustments_go_with_the_unit_that_made_them():
    given_cycle("a,integer,hamlet|commune,leaf_sum,flow_sum")
    given_figures("H1,a,4", options=ACCEPTED)
    given_figures("H2,a,5")
    commune = Report.objects.get(unit__uid="C")
    filling.adjust(commune.pk, "a", "-1", "hai lần", by=None, at=at("2025-06-02 08:00"), seen=commune.version)
    assert [(each["orgUnit"], each["value"]) for each in values_of()] == [("H1", "4")]
    done("transition", "k", "submit", "--unit", "C", "--at", "2025-06-03T08:00:00+07:00", "--confirm-incomplete")
    done("transition", "k", "accept", "--unit", "C", "--at", "2025-06-03T09:00:00+07:00")
    found = {each["orgUnit"]: (each["value"], each.get("comment")) for each in values_of()}
    assert found == {"H1": ("4", None), "C": ("-1", "with the unit's adjustment")}
    total = next(line for line in done("export_rollup", "k").lines if line.startswith("C,a"))
    assert total.split(",")[2] == str(sum(int(value) for value, _comment in found.values()))


def test_a_part_of_the_tree_leaves_alone_and_a_user_takes_what_is_in_reach():
    given_all_kinds()
    assert {each["orgUnit"] for each in values_of("--unit", "H2")} == {"H2"}
    given_user("thon", H1="viewer")
    assert {each["orgUnit"] for each in values_of("--user", "thon")} == {"H1"}
    refused = manage("export_dhis2", "k", "json", "--user", "thon", "--unit", "H2")
    assert refused.problems == ["H2: This unit has no report in the cycle k."]


def test_what_is_taken_is_in_the_audit():
    given_all_kinds()
    done("export_dhis2", "k", "adx")
    entry = AuditEntry.objects.get(action=AuditEntry.Action.TAKEN)
    assert entry.after == {"cycle": "k", "what": "adx", "lines": 13, "to": "-"}


def test_a_country_takes_as_few_questions_as_a_hamlet():
    given_all_kinds()
    asked = []
    values_of()  # the version is kept compiled from then on
    for content in ("H3,a,1", "C,a,2"):
        given_figures(content, options=ACCEPTED)
        with CaptureQueriesContext(connection) as captured:
            done("export_dhis2", "k", "json")
        asked.append(len(captured))
    assert asked == [4, 4]


def test_a_span_of_years_is_refused_since_dhis2_has_no_such_period():
    given_cycle()
    done("open_cycle", "--template", "t", "--period", "2021..2025", "--under", "P", "--levels", "province", "--due", "province=2026-01-15",
         "--code", "nam")  # fmt: skip
    for what in ("metadata", "json", "adx"):
        (problem,) = manage("export_dhis2", "nam", what).problems
        assert "no period of several years such as 2021..2025" in problem


# --- In, as the documentation has it ----------------------------------------------------------------


@pytest.mark.parametrize("by", ["id", "code"])
@pytest.mark.parametrize(
    ("example", "figures"),
    [
        (SET_XML, {"a": 12, "b": 14, "c": 16}),
        (SET_JSON, {"a": 1, "b": 2, "c": 3}),
        (BULK_CSV, {"a": 1, "b": 2, "c": 3}),
        (READ_JSON, {"a": 10001, "b": 10002, "c": 10003}),
        (READ_CSV, {"a": 12, "b": 14, "c": 16}),
    ],
)
def test_an_example_of_the_documentation_is_taken_by_id_and_by_code(example: str, figures: dict[str, int], by: str):
    given_cycle(*THREE)
    assert taken(as_ours(example, by=by)) == "Imported: 3 figures in 1 reports.\n"
    assert own("H1") == figures


def test_the_bulk_of_the_documentation_is_refused_for_its_second_period_and_taken_without():
    given_cycle(*THREE)
    bulk = as_ours(BULK_XML, by="id")
    assert sent(bulk).problems == ["-:6: period: The value is of the period “201402”; this cycle is 2025S1."]
    assert own("H1") == {}
    first_month = b"\n".join(bulk.splitlines()[:5]) + b"</dataValueSet>"
    taken(first_month)
    assert (own("H1"), own("H2")) == ({"a": 12}, {"a": 14})


def test_the_csv_of_the_documentation_that_is_broken_down_is_refused_with_what_to_send():
    given_cycle(*THREE)
    (problem,) = sent(as_ours(BROKEN_DOWN_CSV.replace("201202", "2025S1"), by="code")).problems
    assert problem == (
        "-:3: categoryOptionCombo: The values are broken down (Prlt0C1RF0s, V6L425pT3A0); here a figure is whole. Send the sums."
    )


def test_a_part_beside_whole_figures_is_refused_too():
    given_cycle(*THREE)
    part = {"dataElement": "t.b", "value": "1", "categoryOptionCombo": "Prlt0C1RF0s"}
    wholes = ({"dataElement": "t.a", "value": "1"}, {"dataElement": "t.c", "value": "1", "categoryOptionCombo": "HllvX50cXC0"})
    (problem,) = sent(a_set(*wholes, part)).problems
    assert problem.startswith("-:1: categoryOptionCombo: The values are broken down (default, Prlt0C1RF0s)")


def test_the_adx_of_the_documentation_is_refused_for_its_breakdown_and_taken_whole():
    given_cycle(*THREE)
    ours = ADX_XML.replace("OU_559", "H1").replace("(TB/HIV)VCCT", "t.SixMonthly").replace("2015-06-01/P1M", "2025-01-01/P6M")
    for place, code in enumerate("abc"):
        ours = ours.replace(f"VCCT_{place}", f"t.{code}")
    assert sent(ours).problems == ["-:6: GENDER: The value is broken down by GENDER, HIV_AGE; here a figure is whole. Send the sum."]
    taken(ours.replace(' GENDER="FMLE" HIV_AGE="AGE0-14"', ""))
    assert own("H1") == {"a": 32, "b": 20, "c": 10}


def test_foreign_examples_are_refused_with_every_reason_in_its_place():
    given_cycle(*THREE)
    assert sent(SET_XML).problems == [
        "-:1: dataSet: “pBOMPrpg1QX” is not the data set of this cycle, which is t.SixMonthly.",
        "-:3: period: The value is of the period “201401”; this cycle is 2025S1.",
    ]
    foreign = as_ours(SET_JSON, by="code").decode().replace('"H1"', '"H9"').replace("t.b", "t.z")
    assert sent(foreign).problems == [
        "-:7: unit_uid: “H9” has no report in this cycle.",
        "-:11: indicator: The template has no indicator “t.z”.",
    ]


@pytest.mark.parametrize("what", ["json", "xml", "adx"])
def test_what_left_comes_back_the_same(what: str):
    given_all_kinds()
    left = done("export_dhis2", "k", what).out
    before = {uid: own(uid) for uid in ("H1", "H2")}
    done("open_cycle", "--template", "t", "--period", "2025-H1", "--under", "P", "--due", *(f"{level}=2025-06-30" for level in LEVELS),
         "--code", "k2")  # fmt: skip
    assert done("import_reports", "k2", "-", stdin=left.encode()).out == "Imported: 6 figures in 2 reports.\n"
    assert {each.unit.uid: each.own for each in Report.objects.filter(cycle__code="k2", state="draft").select_related("unit")} == before


LEVELS = ("province", "district", "commune", "hamlet")


# --- In, as other systems write it ------------------------------------------------------------------


def a_set(*values: dict[str, Any], **more: Any) -> str:
    return json.dumps({"period": "2025S1", "orgUnit": "H1", **more, "dataValues": list(values)})


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "1", "t"])
def test_a_yes_is_taken_in_every_spelling_of_the_documentation(text: str):
    given_cycle(*ALL_KINDS)
    taken(a_set({"dataElement": "t.co", "value": text}))
    assert own("H1") == {"co": True}


def test_numbers_that_are_not_quoted_stay_exact_and_a_deleted_value_clears():
    given_cycle(*ALL_KINDS)
    taken('{"dataValues": [{"dataElement": "d", "period": "2025S1", "orgUnit": "H1", "value": 0.10}]}')
    assert own("H1") == {"d": "0.1"}
    taken(a_set({"dataElement": "t.d", "value": "0.1", "deleted": True}, {"dataElement": "t.a", "value": 0}))
    assert own("H1") == {"a": 0}


def test_a_value_that_is_left_out_or_is_none_clears_nothing():
    given_cycle(*ALL_KINDS)
    given_figures("H1,a,4", "H1,co,yes")
    broken = a_set({"dataElement": "t.a"}, {"dataElement": "t.co", "value": {"is": True}}, {"dataElement": "t.d", "value": [1]})
    missing = "value: There is no value: to clear the figure, send it empty, or with deleted=true."
    assert sent(broken).problems == [f"-:1: {missing}"] * 3
    in_xml = (
        '<dataValueSet xmlns="http://dhis2.org/schema/dxf/2.0" period="2025S1" orgUnit="H1">\n<dataValue dataElement="t.a"/></dataValueSet>'
    )
    assert sent(in_xml).problems == [f"-:2: {missing}"]
    assert own("H1") == {"a": 4, "co": True}
    taken(a_set({"dataElement": "t.a", "value": None}, {"dataElement": "t.co", "value": "true", "deleted": "TRUE"}))
    assert own("H1") == {}


def test_a_text_of_adx_is_its_annotation_and_never_the_number_beside_it():
    given_cycle(*ALL_KINDS)
    group = '<adx xmlns="urn:ihe:qrph:adx:2015"><group orgUnit="H1" period="2025-01-01/P6M">{}</group></adx>'
    (problem,) = sent(group.format('<dataValue dataElement="t.chu" value="0"/>')).problems
    assert problem == "-:1: value: In ADX a value is a number: what is none stands in an annotation, which is missing here."
    taken(group.format('<dataValue dataElement="t.co" value="1"/><dataValue dataElement="t.a" value="0"/>'))
    assert own("H1") == {"a": 0, "co": True}


def test_a_set_may_say_whose_it_is_after_its_values():
    given_cycle(*THREE)
    taken('{"dataValues": [{"dataElement": "t.a", "value": "1"}], "orgUnit": "H1", "period": "2025S1"}')
    assert own("H1") == {"a": 1}


def test_what_is_computed_here_is_passed_over():
    given_cycle(*ALL_KINDS)
    taken(a_set({"dataElement": "t.t", "value": "75"}, {"dataElement": "t.a", "value": "1"}))
    assert own("H1") == {"a": 1}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"idScheme": "NAME"}, "Things are found here by code or by id; “NAME” is neither."),
        ({"orgUnitIdScheme": "ATTRIBUTE:DnrLSdo4hMl"}, "Things are found here by code or by id; “ATTRIBUTE:DnrLSdo4hMl” is neither."),
        ({"dryRun": True}, "The file asks for a trial (dryRun)"),
        ({"importStrategy": "DELETE"}, "The file asks to delete its values."),
    ],
)
def test_what_a_set_asks_for_and_nobody_does_here_is_refused(settings: dict[str, Any], said: str):
    given_cycle(*THREE)
    (problem,) = sent(a_set({"dataElement": "t.a", "value": "1"}, **settings)).problems
    assert problem.startswith(f"-:1: {next(iter(settings))}: {said}")
    assert own("H1") == {}


def test_a_value_that_does_not_fit_is_refused_at_its_line_and_nothing_is_written():
    given_cycle(*THREE)
    content = as_ours(SET_XML, by="code").replace(b'"14"', b'"1.4E1"').replace(b'"16"', b'"-1"')
    assert sent(content).problems == [
        "-:4: value: “1.4E1” is no plain number; write digits with a point before the decimals, as in 1234.5.",
        "-:5: value: “-1” is below zero, which can't be here.",
    ]
    assert own("H1") == {}


def test_an_id_of_a_unit_out_of_reach_is_as_unknown_as_one_of_none():
    given_cycle(*THREE)
    given_user("xa", H1="preparer")
    foreign = a_set({"dataElement": "t.a", "value": "1", "orgUnit": unit_id("H2")}, {"dataElement": "t.a", "value": "1"})
    assert sent(foreign, "--user", "xa").problems == [f"-:1: unit_uid: “{unit_id('H2')}” has no report in this cycle."]
    assert own("H1") == {}
