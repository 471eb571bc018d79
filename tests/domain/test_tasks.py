"""Tasks set in one period and answered in the next: what comes back, what is counted, what is wrong (semantics §11)."""

from __future__ import annotations

from datetime import date

import pytest

from reports.domain.privacy import addresses_a_person
from reports.domain.tasks import TaskCount, answered, count, day_of, problems_of_answers, problems_of_tasks, result_of, to_answer

SCHEME = ["Xây dựng đề án", "Ban Dân vận Huyện ủy", "30/05/2025"]
STUDY = ["Tiếp tục khảo sát", "Mặt trận Tổ quốc", "31/12/2025"]
CUT_OFF = date(2025, 6, 14)


def answer(task: list[str], result: str = "", remark: str = "") -> list[str]:
    return [*task, result, remark]


def test_what_was_set_and_what_was_left_open_comes_back_once():
    left_open = answer(SCHEME, "Đang thực hiện"), answer(STUDY, "Chuyển sang kỳ sau", "Chờ kinh phí.")
    assert to_answer([], left_open) == [answer(SCHEME), answer(STUDY)]
    assert to_answer([SCHEME], left_open) == [answer(SCHEME), answer(STUDY)]
    closed = answer(SCHEME, "Đã hoàn thành"), answer(STUDY, "Không thực hiện", "Trùng với chương trình khác.")
    assert to_answer([], closed) == []


def test_an_answer_stands_beside_its_task_and_what_was_asked_for_meanwhile_is_added():
    own = [answer(STUDY, "Đã hoàn thành")]
    assert answered([answer(SCHEME), answer(STUDY)], own) == [answer(SCHEME), answer(STUDY, "Đã hoàn thành")]


def test_answers_to_what_is_asked_for_no_more_stay():
    own = [answer(STUDY, "Đã hoàn thành")]
    assert answered([answer(SCHEME)], own) == [answer(SCHEME), answer(STUDY, "Đã hoàn thành")]


def test_results_are_counted_and_a_task_due_by_the_cut_off_and_not_done_is_overdue():
    rows = [answer(SCHEME, "Đang thực hiện"), answer(STUDY, "Đang thực hiện"), answer(SCHEME, "đã hoàn thành"), answer(STUDY)]
    assert {what.value: count(what, rows, CUT_OFF) for what in TaskCount} == {
        "set": 4, "done": 1, "under_way": 2, "not_done": 0, "carried_on": 0, "overdue": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("due", "overdue"), [("14/06/2025", 1), ("15/06/2025", 0), ("bao giờ xong", 0)])
def test_a_task_due_on_the_cut_off_is_overdue_after_it(due: str, overdue: int):
    assert count(TaskCount.OVERDUE, [["Việc", "Ban", due, "", ""]], CUT_OFF) == overdue


@pytest.mark.parametrize("text", ["", "31/02/2025", "2025-05-30", "05/30/2025", "30/5/25", "hết quý II"])
def test_a_day_is_written_day_first_or_is_none(text: str):
    assert day_of(text) is None
    assert day_of(" 5/6/2025 ") == date(2025, 6, 5)


def test_a_result_is_read_whatever_its_case():
    assert result_of(answer(SCHEME, " ĐANG THỰC HIỆN ")) == "Đang thực hiện"
    assert result_of(answer(SCHEME, "gần xong")) is None


def said(problems: object) -> list[str]:
    return [problem.message % problem.params for problem in problems]  # type: ignore[attr-defined]


def test_a_task_says_what_who_and_until_when():
    assert said(problems_of_tasks("Nhiệm vụ", [SCHEME])) == []
    assert said(problems_of_tasks("Nhiệm vụ", [["Việc", "", "sớm"], ["", "Ban", "30/11/2025"]])) == [
        "“Nhiệm vụ”, row 1: say what is to be done, and which body or post does it.",
        "“Nhiệm vụ”, row 1: say until which day, as dd/mm/yyyy, for instance 30/11/2025.",
        "“Nhiệm vụ”, row 2: say what is to be done, and which body or post does it.",
    ]


def test_by_whom_is_a_body_or_a_post_and_no_person():
    assert said(problems_of_tasks("Nhiệm vụ", [["Việc", "Đồng chí Nguyễn Văn A", "30/11/2025"]])) == [
        "“Nhiệm vụ”, row 1: “Đồng chí Nguyễn Văn A” looks like a person; name the body or the post."
    ]


@pytest.mark.parametrize("words", ["ông Giàng Mí Và", "Bà Hà", "đ/c Lò Thị Mai", "Ban Dân vận và anh Đức"])
def test_who_is_addressed_by_name_is_a_person(words: str):
    assert addresses_a_person(words)


@pytest.mark.parametrize("words", ["Đồng chí Bí thư Đảng ủy", "Ban Dân vận", "Hội Phụ nữ", "Ủy ban nhân dân xã Ông Đình", "thường trực"])
def test_bodies_posts_and_places_are_no_persons(words: str):
    assert not addresses_a_person(words)


def test_every_task_is_answered_and_what_is_not_done_says_why():
    asked = [answer(SCHEME), answer(STUDY)]
    assert said(problems_of_answers("Kết quả", [answer(SCHEME, "Đã hoàn thành"), answer(STUDY, "Không thực hiện", "Trùng.")], asked)) == []
    assert said(problems_of_answers("Kết quả", [answer(STUDY, "Không thực hiện")], asked)) == [
        "“Kết quả”: say what became of “Xây dựng đề án”: Đã hoàn thành, Đang thực hiện, Không thực hiện, Chuyển sang kỳ sau.",
        "“Kết quả”: say why “Tiếp tục khảo sát” is not done or is carried on.",
    ]
