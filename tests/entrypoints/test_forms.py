"""What people send, read from what was posted: nothing of it may be more than a form holds, or break what reads it."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from reports.forms import read_entries, texts_under
from tests.domain.builders import indicator

TABLE = indicator("bang", "table", levels="hamlet", columns="Việc|Kết quả")


def posted(**fields: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({name.replace("_", "-"): text for name, text in fields.items()})
    return data


def test_the_rows_of_a_table_come_in_the_order_of_their_numbers():
    sent = posted(cell_bang="table", cell_bang_10_0="sau", cell_bang_9_0="trước", cell_bang_9_1="xong")
    assert read_entries([TABLE], sent).changes == {"bang": [["trước", "xong"], ["sau", ""]]}


@pytest.mark.parametrize("row", ["9" * 5000, "²", "٣", "", "-1", "x"])
def test_a_row_without_a_number_is_none(row: str):
    sent = posted(cell_bang="table", **{"cell_bang_0_0": "họp", f"cell_bang_{row}_0": "lạ"})
    assert read_entries([TABLE], sent).changes == {"bang": [["họp", ""]]}


def test_explanations_and_notes_lose_the_bytes_that_no_database_takes():
    sent = posted(explain_a="vì\0 mưa", explain_b="\0 ", explain_c=" ", note_d="x")
    assert texts_under(sent, "explain-") == {"a": "vì mưa"}
