from __future__ import annotations

import io
from pathlib import Path

import pytest

from reports.domain.indicators import EnteredBy, Indicator, Template, ValueType
from reports.domain.template_file import parse_indicators, read_indicators, write_indicators
from tests.domain.builders import LEVELS, indicator
from units.problems import Refused

DAN_VAN = Path(__file__).parents[2] / "reports" / "data" / "template_dan_van.csv"
HEADER = "section,code,name_vi,name_en,unit,value_type,levels,aggregate_up,aggregate_time,formula,rules,required,decimals,note"
ROW = "A,so_ho,Số hộ,Households,hộ,integer,hamlet|commune,leaf_sum,stock_last,,error: so_ho >= 1,yes,,"


def parse(*lines: str) -> list[Indicator]:
    return parse_indicators(io.BytesIO("\n".join(lines).encode()), LEVELS)


def refusals(*lines: str | bytes) -> list[str]:
    """What is said of a file, each as `line: column: message`."""
    content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    with pytest.raises(Refused) as refused:
        parse_indicators(io.BytesIO(content), LEVELS)
    return [f"{problem.line}: {problem.column}: {problem.message % problem.params}" for problem in refused.value.problems]


def test_the_six_month_report_loads_without_problem() -> None:
    with DAN_VAN.open("rb") as file:
        indicators = parse_indicators(file, LEVELS)
    template = Template(indicators)
    assert len(template.indicators) == 66
    assert len(template.sections) == 12
    assert len(template.aggregated) == 60
    assert list(template.formulas_in_unit) == ["co_doi_thoai_trong_nam", "xep_loai_thon"]
    assert template.uses_previous
    assert not template.uses_year_ago


def test_what_is_written_reads_back_to_the_same() -> None:
    with DAN_VAN.open("rb") as file:
        indicators = parse_indicators(file, LEVELS)
    indicators += [
        indicator(
            "x_am", "decimal", negative=True, decimals=6, note='dòng\nhai, "ngoặc"', rules="warn: xep_loai_thon == 'tot'; error: x_am < 1"
        ),
        indicator("x_diem", "decimal", up="mean", time="last", entered_by="superior"),
        indicator("x_mo_hinh", source="register:registered:qpan"),
        indicator("x_bang", "table", columns="Việc|Kết quả"),
    ]
    assert parse_indicators(io.BytesIO("".join(write_indicators(indicators)).encode()), LEVELS) == indicators


def test_a_row_becomes_an_indicator() -> None:
    [made] = parse(HEADER, ROW)
    assert made == indicator(
        "so_ho",
        name_vi="Số hộ",
        name_en="Households",
        unit="hộ",
        up="leaf_sum",
        time="stock_last",
        rules="error: so_ho >= 1",
        required=True,
    )


def test_columns_come_in_any_order_and_two_may_be_left_out() -> None:
    columns, cells = HEADER.split(","), ROW.split(",")
    turned = ",".join(["entered_by", "negative", *reversed(columns)]), ",".join(["superior", "yes", *reversed(cells)])
    [made] = parse(*turned)
    assert made.negative
    assert made.entered_by is EnteredBy.SUPERIOR


def test_decimals_are_two_where_nothing_is_said_and_none_for_an_integer() -> None:
    decimal = ROW.replace("integer", "decimal").replace("so_ho", "dien_tich")
    assert [each.decimals for each in parse(HEADER, ROW, decimal)] == [0, 2]


def test_bom_and_crlf_and_empty_rows_are_fine() -> None:
    content = ("\ufeff" + "\r\n".join([HEADER, "", ROW, "," * 13, ""])).encode()
    assert [line for line, _ in read_indicators(io.BytesIO(content))] == [3]


def test_missing_unknown_and_double_columns_are_named() -> None:
    assert refusals(HEADER.replace(",unit", ",code").replace("note", "remark"), ROW) == [
        "1: unit: The column is missing. The file needs: " + HEADER + ".",
        "1: note: The column is missing. The file needs: " + HEADER + ".",
        "1: code: The column is there twice.",
        "1: remark: There is no such column here. Known are: " + HEADER + ",negative,entered_by,source.",
    ]


def test_every_bad_cell_is_named_with_its_line_and_column() -> None:
    assert refusals(
        HEADER + ",negative,entered_by,source",
        "A,a,Một,,,number,hamlet,add,yearly,,must: a > 0,maybe,two,,no way,me,",
        'A,b,"Hai',
        'dòng",,,choice:x,hamlet,distribution,last,,,,,,,,',
        "A,c,Ba,,,boolean:x,village,count_yes,last,c +,,,,,,,",
        "A,d,Bốn,,,boolean,village,count_yes,last,d +,,,,,,,",
    ) == [
        "2: value_type: “number” is unknown; known are integer, decimal, percent, boolean, choice, text, table.",
        "2: aggregate_up: “add” is unknown; known are sum, leaf_sum, min, max, mean, count_yes, distribution, formula, none.",
        "2: aggregate_time: “yearly” is unknown; known are flow_sum, stock_last, last, stock_first, max, min, mean, formula, none.",
        "2: rules: “must: a > 0” is no rule; write error: EXPRESSION or warn: EXPRESSION, with ; between two rules.",
        "2: required: “maybe” is neither yes nor no (nor empty).",
        "2: decimals: “two” is no number of decimals; write 0 to 6.",
        "2: negative: “no way” is neither yes nor no (nor empty).",
        "2: entered_by: “me” is unknown; known are unit, superior.",
        "5: value_type: boolean takes nothing after a colon.",
        "3: value_type: b: a choice needs two choices at least: choice:a|b.",
        "6: levels: d: there is no level “village”; there are province, district, commune, hamlet.",
        "6: formula: At character 4: the formula ends too early.",
    ]


def test_a_code_that_a_bad_row_defines_is_not_said_to_be_unknown() -> None:
    said = refusals(HEADER, ROW.replace("integer", "whole"), "A,b,Hai,,,integer,hamlet,formula,formula,so_ho + 1,,,,")
    assert said == ["2: value_type: “whole” is unknown; known are integer, decimal, percent, boolean, choice, text, table."]


def test_bytes_that_are_no_text_and_files_that_are_no_csv_are_refused() -> None:
    assert refusals(HEADER, b"A,\xff")[0].startswith("2: : Byte 3 of the line is not UTF-8.")
    assert refusals(HEADER, "A,a\0")[0].startswith("2: : The line holds a NUL byte.")
    assert refusals(HEADER, "A,a,Một")[0].startswith("2: : The row has 3 cells instead of 14")
    assert refusals(HEADER, 'A,"a"b')[0].startswith("2: : The row is no CSV")
    assert refusals("")[0].startswith("1: : The file is empty.")
    assert refusals(HEADER) == ["1: : The file holds no indicator."]


def test_a_file_of_a_million_rows_is_left_early() -> None:
    rows = io.BytesIO(b"\n".join([HEADER.encode(), *(ROW.replace("so_ho", f"so_{n}").encode() for n in range(1_000_000))]))
    with pytest.raises(Refused, match="A template holds at most 2000 indicators"):
        parse_indicators(rows, LEVELS)
    assert rows.tell() < len(rows.getvalue()) / 100


def test_the_parts_of_a_choice_and_a_table_are_kept_in_order() -> None:
    choice, table = parse(HEADER, "A,g,G,,,choice:z|a|m,hamlet,distribution,last,,,,,", "A,m,M,,,table:Việc|Kết quả,hamlet,none,none,,,,,")
    assert (choice.value_type, choice.choices, choice.columns) == (ValueType.CHOICE, ("z", "a", "m"), ())
    assert (table.value_type, table.choices, table.columns) == (ValueType.TABLE, (), ("Việc", "Kết quả"))
