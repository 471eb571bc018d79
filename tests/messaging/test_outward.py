"""What is sent outward: over TLS that is believed, to no address inside, and never for longer than it may take."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from messaging import outward
from tests.receiver import Authority, Receiver, receiving

pytestmark = pytest.mark.once


@pytest.fixture
def private(settings: Any) -> None:
    settings.WEBHOOKS_TO_PRIVATE = True


@pytest.fixture
def receiver(private: None) -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


# --- To no address inside --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:192.168.0.1]/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "file:///etc/passwd",
    ],
)
def test_no_address_inside_is_asked(url: str, settings: Any, in_english: None):
    settings.WEBHOOKS_TO_PRIVATE = False
    with pytest.raises(outward.Undelivered, match=r"no public address|does not begin with https"):
        outward.post(url, b"{}", {})


def test_a_name_with_one_address_inside_is_none_outside(settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.WEBHOOKS_TO_PRIVATE = False
    answers = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answers)
    with pytest.raises(outward.Undelivered, match=r"10\.0\.0\.1"):
        outward.post("https://example.com/", b"{}", {})


def test_where_one_address_of_a_name_is_not_reached_the_next_one_is(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    found = socket.getaddrinfo
    port = int(receiver.url.split(":")[2].partition("/")[0])
    both = [(2, 1, 6, "", ("127.0.0.2", 9)), (2, 1, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *told, **more: both if host == "truc.example" else found(host, *told, **more))
    assert outward.post(f"http://truc.example:{port}/", b"{}", {}) == 204


def test_a_redirection_is_an_answer_and_is_not_followed(receiver: Receiver):
    receiver.answers = [302]
    with pytest.raises(outward.Undelivered) as refused:
        outward.post(receiver.url, b"{}", {})
    assert (refused.value.status, len(receiver.came)) == (302, 1)


# --- Over TLS that is believed ---------------------------------------------------------------------


def test_a_receiver_of_a_private_authority_is_told_where_the_authority_is_named(authority: Authority, private: None, settings: Any):
    settings.OUTWARD_CA_BUNDLE = str(authority.bundle)
    with receiving(authority.certificate()) as receiver:
        assert outward.post(receiver.url, b'{"x": 1}', {}) == 204
    assert [came.content for came in receiver.came] == [b'{"x": 1}']


@pytest.mark.parametrize(
    ("host", "expired", "is_named", "why"),
    [
        ("localhost", False, False, "không nằm trong danh sách máy chủ này tin cậy"),
        ("localhost", True, True, "đã hết hạn"),
        ("truc.example", False, True, "cấp cho một tên khác"),
        ("127.0.0.1", False, True, "cấp cho một tên khác"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused_in_words_and_nothing_is_said_to_it(
    authority: Authority, private: None, settings: Any, host: str, expired: bool, is_named: bool, why: str
):
    settings.OUTWARD_CA_BUNDLE = str(authority.bundle) if is_named else ""
    with receiving(authority.certificate(host, expired=expired)) as receiver:
        with pytest.raises(outward.Undelivered, match=why) as refused:
            outward.post(receiver.url, b"{}", {})
        assert (refused.value.status, receiver.came) == (None, [])


def test_who_speaks_no_tls_is_told_in_words(receiver: Receiver, in_english: None):
    with pytest.raises(outward.Undelivered, match="speaks no TLS"):
        outward.post(receiver.url.replace("http:", "https:"), b"{}", {})


# --- Never for longer than it may take -------------------------------------------------------------


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, private: None) -> None:
    monkeypatch.setattr(outward, "AT_MOST", 0.4)


def lasted(url: str) -> float:
    began = monotonic()
    with pytest.raises(outward.Undelivered, match="không trả lời kịp"):
        outward.post(url, b"{}", {})
    return monotonic() - began


def test_a_name_that_takes_for_ever_to_look_up(short: None, monkeypatch: pytest.MonkeyPatch):
    known = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: known.wait() and [])
    assert lasted("https://cham.example/") < 3
    known.set()


@pytest.mark.parametrize(
    ("scheme", "opening", "piece"),
    [
        ("http", b"", b""),
        ("https", b"", b""),
        ("http", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        ("https", b"\x16\x03\x03\x3f\xff", b"\x02"),  # the head of a record of 16 kB
    ],
    ids=["silent", "silent in TLS", "trickling", "trickling in TLS"],
)
def test_a_receiver_that_is_silent_or_trickles_is_left(short: None, scheme: str, opening: bytes, piece: bytes):
    done = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle() -> None:
            line, _address = server.accept()
            with line, suppress(OSError):
                line.send(opening)
                while not done.wait(0.05):
                    line.send(piece)

        Thread(target=trickle, daemon=True).start()
        assert lasted(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/") < 3
        done.set()


def test_a_port_where_nobody_is_and_a_name_that_is_none(private: None, free_port: int, monkeypatch: pytest.MonkeyPatch, in_english: None):
    with pytest.raises(outward.Undelivered, match="takes no connection"):
        outward.post(f"http://127.0.0.1:{free_port}/", b"{}", {})

    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(outward.Undelivered, match=r"no address of the name khong-co\.example"):
        outward.post("http://khong-co.example/", b"{}", {})


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_bundle_that_holds_no_certificate_is_told(private: None, settings: Any, tmp_path: Path, authority: Authority, in_english: None):
    settings.OUTWARD_CA_BUNDLE = str(tmp_path / "empty.pem")
    Path(settings.OUTWARD_CA_BUNDLE).write_text("", encoding="utf-8")
    with receiving(authority.certificate()) as receiver, pytest.raises(outward.Undelivered, match="speaks no TLS"):
        outward.post(receiver.url, b"{}", {})
