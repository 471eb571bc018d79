"""Chat and SMS by one HTTPS request a message: what is asked, what counts as taken, and whose fault a refusal is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging import outward
from messaging.channels import Claim, HungUp, Messenger, NotTaken, Text, Unreachable, messengers
from tests.channels import CHAT, chat, sms
from tests.receiver import Receiver, receiving
from units.problems import Refused

pytestmark = pytest.mark.once


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_PRIVATE = True
    with receiving() as found:
        yield found


@pytest.fixture
def zalo(receiver: Receiver, settings: Any) -> Messenger:
    receiver.content = b'{"error": 0, "message": "Success"}'
    settings.CHANNELS = {"zalo": chat(receiver.url)}
    return messengers()["zalo"]


class Ledger:
    """A claim that is free, and notes what becomes of it."""

    def __init__(self, *, is_free: bool = True) -> None:
        self.noted: list[str] = []
        self._is_free = is_free
        self.claim = Claim(self._take, lambda: self.noted.append("out"))

    def _take(self) -> bool:
        self.noted.append("claimed")
        return self._is_free


def a_text(text: str = "Báo cáo “sắp” đến hạn: {to}", to: str = "123", claim: Claim | None = None) -> Text:
    return Text("khóa-1".encode().hex(), to, text, claim or Ledger().claim)


def test_a_chat_is_told_by_what_is_written_down_with_address_and_text_put_in(zalo: Messenger, receiver: Receiver):
    assert zalo.hand_over(a_text(to='1","x":"2'))
    came = receiver.came[0]
    assert json.loads(came.content) == {"recipient": {"user_id": '1","x":"2'}, "message": {"text": "Báo cáo “sắp” đến hạn: {to}"}}
    assert (came.method, came.headers["content-type"], came.headers["idempotency-key"]) == ("POST", "application/json", a_text().key)
    assert came.headers["access_token"]


def test_an_sms_is_asked_for_by_get_or_by_a_form_with_the_number_as_the_gateway_wants_it(receiver: Receiver, settings: Any):
    form = {"Phone": "{national}", "Content": "{text}", "Plus": "{to}"}
    settings.CHANNELS = {"get": sms(receiver.url), "form": sms(receiver.url, query=None, form=form)}
    number = messengers()["get"].canonical("0912 345.678")
    for messenger in messengers().values():
        assert messenger.hand_over(a_text("a&b=c", number))
    asked, posted = receiver.came
    query = parse_qs(urlsplit(asked.path).query)
    assert (asked.method, query) == ("GET", {"x": ["1"], "phone": ["84912345678"], "content": ["a&b=c"], "request": [a_text().key]})
    assert (posted.method, parse_qs(posted.content.decode())) == (
        "POST",
        {"Phone": ["0912345678"], "Content": ["a&b=c"], "Plus": ["+84912345678"]},
    )


def test_it_is_claimed_at_the_last_instant_and_ticked_off_before_the_answer(zalo: Messenger, receiver: Receiver):
    ledger = Ledger()
    receiver.before_answer = lambda: ledger.noted.append("asked")
    assert zalo.hand_over(a_text(claim=ledger.claim))
    assert sorted(ledger.noted) == ["asked", "claimed", "out"]
    assert ledger.noted[0] == "claimed"


def test_what_somebody_else_has_claimed_is_not_said(zalo: Messenger, receiver: Receiver):
    assert zalo.hand_over(a_text(claim=Ledger(is_free=False).claim)) is False
    assert receiver.came == []


def test_a_gateway_that_is_away_has_claimed_nothing(settings: Any):
    settings.WEBHOOKS_TO_PRIVATE, settings.CHANNELS = True, {"zalo": chat("http://127.0.0.1:9/")}
    ledger = Ledger()
    with pytest.raises(Unreachable):
        messengers()["zalo"].hand_over(a_text(claim=ledger.claim))
    assert ledger.noted == []


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, b'{"error": -213, "message": "123 has not interacted"}', NotTaken),
        (200, b"not json 123", NotTaken),
        (200, b"[0]", NotTaken),
        (400, b"no such user 123", NotTaken),
        (302, b"123", NotTaken),
        (401, b"", HungUp),
        (429, b"slowly, 123", HungUp),
        (503, b"", HungUp),
    ],
)
def test_a_refusal_is_the_messages_or_the_gateways_and_names_no_address(
    zalo: Messenger, receiver: Receiver, status: int, content: bytes, kind: type[NotTaken]
):
    receiver.answers, receiver.content = [status], content
    with pytest.raises(NotTaken) as refused:
        zalo.hand_over(a_text())
    assert type(refused.value) is kind
    assert "123" not in str(refused.value)
    assert len(receiver.came) == 1, "No redirection is followed."


def test_a_gateway_that_falls_silent_has_it_perhaps(zalo: Messenger, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outward, "AT_MOST", 0.3)
    done = Event()
    receiver.before_answer = done.wait
    ledger = Ledger()
    with pytest.raises(HungUp):
        zalo.hand_over(a_text(claim=ledger.claim))
    done.set()
    assert (ledger.noted, ledger.claim.is_out) == (["claimed", "out"], True)


def test_no_gateway_stands_inside(settings: Any, in_english: None):
    settings.WEBHOOKS_TO_PRIVATE, settings.CHANNELS = False, {"zalo": chat("https://127.0.0.1/")}
    with pytest.raises(Unreachable, match="no public address"):
        messengers()["zalo"].hand_over(a_text())


@pytest.mark.parametrize("number", ["0912345678", "+84 912 345 678", "84912345678", "(091) 234-5678"])
def test_a_mobile_number_is_kept_in_one_form(number: str, settings: Any):
    settings.CHANNELS = {"sms": sms("https://sms.example/")}
    assert messengers()["sms"].canonical(number) == "+84912345678"


@pytest.mark.parametrize("number", ["", "912345678", "0212345678", "09123456789", "+1 912345678", "0912 345 67a"])
def test_what_is_no_mobile_number_is_refused(number: str, settings: Any):
    settings.CHANNELS = {"sms": sms("https://sms.example/")}
    with pytest.raises(Refused):
        messengers()["sms"].canonical(number)


def test_an_address_fits_what_is_written_down(settings: Any):
    settings.CHANNELS = {"zalo": chat("https://zalo.example/", address="[0-9]{5,25}")}
    assert messengers()["zalo"].canonical(" 12345 ") == "12345"
    with pytest.raises(Refused):
        messengers()["zalo"].canonical("12345\n6")


def test_sms_go_without_marks_and_cut_unless_it_is_said_otherwise(settings: Any):
    settings.CHANNELS = {"plain": sms("https://x.example/"), "marks": sms("https://x.example/", marks=True, most_parts=1)}
    plain, marks = messengers().values()
    text = "Đã quá hạn " * 40
    assert plain.shaped(text).startswith("Da qua han")
    assert (plain.parts(plain.shaped(text)), marks.parts(marks.shaped(text))) == (2, 1)


@pytest.mark.parametrize(
    "told",
    [
        {"BACKEND": "messaging.gateways.None", "NAME": "x"},
        {"BACKEND": CHAT},
        {"BACKEND": "messaging.mail.MailServer", "NAME": "x"},
        {"BACKEND": CHAT, "NAME": "x", "OPTIONS": {"url": "https://x.example/", "colour": 1}},
        chat("https://x.example/", form={}),
        chat("https://x.example/", body={"text": "{txet}"}),
        chat("https://x.example/", address="("),
        sms("https://x.example/", most_parts=0),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_told_before_anything_is_sent(told: dict[str, Any], settings: Any):
    settings.CHANNELS = {"zalo": told}
    with pytest.raises(ImproperlyConfigured, match="CHANNELS, zalo"):
        messengers()
