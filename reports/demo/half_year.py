"""The first half of 2025 in Hà Giang, still open: most reports in, and of everything else that happens a little."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from reports.demo.chance import happens, pick, shuffled
from reports.demo.desk import Desk, Review, Users, Window
from reports.demo.figures import Span, of_span, own_figures
from reports.demo.places import COMMUNE_BEFORE, DISTRICT_BEFORE, PROVINCE_BEFORE
from reports.demo.windows import COMMUNES, COMMUNES_LATE, DISTRICTS, DISTRICTS_LATE, HAMLETS, HAMLETS_LATE, due_days, opened_at
from reports.domain.periods import parse_period
from reports.domain.workflow import State
from reports.models import TemplateVersion
from reports.services.opening import Plan, open_planned

PERIOD = "2025-H1"
SPAN = Span(halves=("first of 2025",), begins="2024", ends="2025-06", sets_tasks_on=date(2025, 6, 10))

#: what the visitor still has to answer in the report of COMMUNE_BEFORE; the first is required
LEFT_TO_THE_VISITOR = ("don_giai_quyet", "dt_y_kien_tra_loi", "kien_nghi", "nv_ket_qua", "nv_ky_toi")


@dataclass(frozen=True, slots=True)
class Story:
    """How far a district came, and how many of its communes came less far than to be accepted."""

    state: State
    communes: Mapping[State, int] = field(default_factory=dict)
    is_late: bool = False


_STORIES = {
    "2024-D024": Story(State.ACCEPTED),
    DISTRICT_BEFORE: Story(State.DRAFT, {State.SUBMITTED: 3, State.RETURNED: 1, State.NOT_STARTED: 2, State.DRAFT: 1}),
    "2024-D027": Story(State.RETURNED, {State.EXEMPT: 1}),
    "2024-D028": Story(State.SUBMITTED),
    "2024-D029": Story(State.ACCEPTED),
    "2024-D030": Story(State.ACCEPTED, is_late=True),
    "2024-D031": Story(State.DRAFT, {State.SUBMITTED: 2, State.RETURNED: 2, State.NOT_STARTED: 1, State.DRAFT: 1}),
    "2024-D032": Story(State.NOT_STARTED, {State.SUBMITTED: 4, State.RETURNED: 1, State.NOT_STARTED: 3, State.DRAFT: 2}),
    "2024-D033": Story(State.ACCEPTED, {State.NOT_STARTED: 1}),
    "2024-D034": Story(State.ACCEPTED),
    "2024-D035": Story(State.SUBMITTED, {State.SUBMITTED: 1}),
}
#: whose figures change after they were accepted: one where a hamlet is corrected, one where a commune is opened again
_CORRECTED_DISTRICT, _REOPENED_DISTRICT = "2024-D029", "2024-D034"

_A, _S, _D, _R, _N = State.ACCEPTED, State.SUBMITTED, State.DRAFT, State.RETURNED, State.NOT_STARTED
#: how far the hamlets of a commune came, by its own state, as often as each is named; elsewhere all but a few are accepted
_HAMLETS_OF = {
    State.DRAFT: (_A, _A, _A, _A, _A, _A, _A, _A, _A, _S, _S, _R, _D, _N),
    State.NOT_STARTED: (_A, _A, _A, _A, _S, _S, _S, _D, _D, _R, _N, _N, _N),
}
_HAMLETS_MISSING_PERCENT = 1
_HAMLETS_EXEMPT = 2
_DAYS_OF_DRAFTS = (-3, -1, 2, 3)

_RETURNS = {
    "hamlet": (
        "Số vụ hòa giải chưa khớp với sổ theo dõi của thôn, đề nghị đối chiếu.",
        {"hg_tiep_nhan": "Đối chiếu với sổ hòa giải sáu tháng đầu năm."},
    ),
    "commune": (
        "Số ý kiến tại đối thoại chưa khớp với biên bản; phần hạn chế còn chung chung.",
        {
            "dt_y_kien": "Biên bản đối thoại tháng 5 ghi số khác, đề nghị kiểm tra.",
            "han_che": "Nêu rõ nguyên nhân và trách nhiệm của tập thể.",
        },
    ),
    "district": (
        "Đề nghị bổ sung kết quả các chương trình phối hợp và rà soát số mô hình đã công nhận.",
        {"dvk_cong_nhan": "Mỗi mô hình chỉ ghi một lần, ở cấp công nhận cao nhất."},
    ),
}
_COUNTED_TWICE = ("dt_y_kien", "-2")
_WHY_COUNTED_TWICE = "Hai ý kiến tại đối thoại liên xã được cả hai xã cùng ghi nhận."
_EXEMPT = "Địa bàn đang khắc phục hậu quả mưa lũ, được miễn báo cáo kỳ này."


def load(version: TemplateVersion, users: Users) -> None:
    """Open the cycle and bring each report as far as its story goes."""
    period = parse_period(PERIOD)
    plan = Plan(version, PERIOD, period.first_day, period.last_day, period.last_day, [PROVINCE_BEFORE], due_days(period.last_day))
    desk = Desk(open_planned(plan, opened_at(period.last_day)).cycle, of_span(SPAN), users, period.last_day)
    districts = {uid: story.state for uid, story in _STORIES.items()}
    communes = {uid: state for district in districts for uid, state in _states_of_communes(desk, district).items()}
    hamlets = _states_of_hamlets(desk, communes)
    _take(desk, "hamlet", hamlets, HAMLETS, HAMLETS_LATE, _late(hamlets, 4))
    _take(desk, "commune", communes, COMMUNES, COMMUNES_LATE, _late(communes, 5))
    _take(desk, "district", districts, DISTRICTS, DISTRICTS_LATE, {uid for uid, story in _STORIES.items() if story.is_late})
    desk.drafts([PROVINCE_BEFORE], [10])
    desk.plan(desk.moment(3, 15, 20), lambda at: desk.enter([COMMUNE_BEFORE], at, without=LEFT_TO_THE_VISITOR))
    _change_what_was_accepted(desk, communes, hamlets)
    desk.plan(desk.moment(10, 9), lambda at: desk.adjust(DISTRICT_BEFORE, *_COUNTED_TWICE, at, reason=_WHY_COUNTED_TWICE))
    desk.reminders((3, 5, 8, 13))
    desk.sweeps((3, 5, 7, 12, 14))
    desk.run()


def _states_of_communes(desk: Desk, district: str) -> dict[str, State]:
    others = shuffled([uid for uid in desk.uids("commune", district) if uid != COMMUNE_BEFORE], "story")
    states = dict.fromkeys(others, State.ACCEPTED)
    for state, count in _STORIES[district].communes.items():
        states.update((others.pop(), state) for _ in range(count))
    return states


def _states_of_hamlets(desk: Desk, communes: Mapping[str, State]) -> dict[str, State]:
    states = dict.fromkeys(desk.uids("hamlet", COMMUNE_BEFORE), State.ACCEPTED)
    for commune, state in communes.items():
        for uid in desk.uids("hamlet", commune):
            missing = State.NOT_STARTED if happens(uid, "story", _HAMLETS_MISSING_PERCENT) else State.ACCEPTED
            states[uid] = pick(uid, "story", _HAMLETS_OF[state]) if state in _HAMLETS_OF else missing
    not_started = [uid for uid, state in states.items() if state is State.NOT_STARTED]
    return states | dict.fromkeys(shuffled(not_started, "exempt")[:_HAMLETS_EXEMPT], State.EXEMPT)


def _late(states: Mapping[str, State], percent: int) -> set[str]:
    return {uid for uid in states if happens(uid, f"late|{PERIOD}", percent)}


def _take(
    desk: Desk, level: str, states: Mapping[str, State], windows: Sequence[Window], late_windows: Sequence[Window], late: Collection[str]
) -> None:
    """Plan everything that brings these reports to their states."""
    reason, notes = _RETURNS[level]
    reviews: dict[State, Review | None] = {
        State.ACCEPTED: desk.accept,
        State.SUBMITTED: None,
        State.RETURNED: lambda uids, at: desk.give_back(uids, at, reason=reason, notes=notes),
    }
    for state, review in reviews.items():
        uids = _in_state(states, state)
        desk.submissions([uid for uid in uids if uid not in late], windows, review)
        desk.submissions([uid for uid in uids if uid in late], late_windows, review)
    desk.drafts(_in_state(states, State.DRAFT), _DAYS_OF_DRAFTS)
    if exempt := _in_state(states, State.EXEMPT):
        desk.plan(desk.moment(-2, 10), lambda at: desk.exempt(exempt, at, reason=_EXEMPT))


def _in_state(states: Mapping[str, State], state: State) -> list[str]:
    return [uid for uid, its in states.items() if its is state]


def _change_what_was_accepted(desk: Desk, communes: Mapping[str, State], hamlets: Mapping[str, State]) -> None:
    """Correct a hamlet below one accepted district, and reopen a commune of another: their declared figures differ from then on."""
    accepted = [uid for uid in desk.uids("commune", _CORRECTED_DISTRICT) if communes[uid] is State.ACCEPTED]
    hamlet = next(uid for uid in desk.uids("hamlet", accepted[0]) if hamlets[uid] is State.ACCEPTED)
    corrected = {"hop_thon": str(int(own_figures(desk.by_uid[hamlet], SPAN)["hop_thon"]) + 1)}
    commune = next(uid for uid in desk.uids("commune", _REOPENED_DISTRICT) if communes[uid] is State.ACCEPTED)
    desk.plan(desk.moment(12, 10), lambda at: desk.reopen([hamlet], at, reason="Thôn báo sót một cuộc họp thôn."))
    desk.plan(desk.moment(13, 9), lambda at: desk.correct(hamlet, corrected, at))
    desk.plan(desk.moment(12, 14), lambda at: desk.reopen([commune], at, reason="Xã đề nghị mở khóa để bổ sung số liệu đối thoại."))
