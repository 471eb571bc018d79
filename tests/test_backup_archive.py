"""The file of a backup by itself: what is put in comes out, and nothing of a file that anybody has touched."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path

import pytest
from pyrage import x25519

from danvan.backups import archive
from units.problems import Refused

KEY = x25519.Identity.generate()
DATABASE = random.Random(7).randbytes(archive.BLOCK + 100_000)
SCAN = b"%PDF-1.7 " * 20_000


def written(*more: archive.Part, keys: list[x25519.Identity] | None = None) -> bytes:
    parts = [
        archive.of_words(archive.ABOUT, {"format": archive.FORMAT, "at": "2026-11-28T03:15:00+00:00"}),
        *archive.in_blocks(DATABASE[start : start + 70_000] for start in range(0, len(DATABASE), 70_000)),
        archive.of_bytes("attachments/ab", SCAN),
        *more,
        archive.of_words(archive.END, {"files": 1, "missing": 0}),
    ]
    target = BytesIO()
    archive.write(target, [key.to_public() for key in keys or [KEY]], parts)
    return target.getvalue()


def wrong(tmp_path: Path, content: bytes, key: x25519.Identity = KEY) -> str:
    """What a reader says of such a file."""
    file = tmp_path / "x.age"
    file.write_bytes(content)
    with pytest.raises(Refused) as refused:
        archive.check(file, [key])
    return next(iter(refused.value.problems)).message


def test_what_is_put_in_comes_out_for_whoever_has_one_of_the_keys(tmp_path: Path):
    other, file = x25519.Identity.generate(), tmp_path / "x.age"
    file.write_bytes(written(keys=[KEY, other]))
    found = {part.name: part.content.read() for part in archive.read(file, [other])}
    assert b"".join(content for name, content in found.items() if name.startswith(archive.DATABASE)) == DATABASE
    assert found["attachments/ab"] == SCAN
    assert archive.check(file, [KEY])[1] == {"files": 1, "missing": 0}


def test_nothing_of_what_is_in_it_can_be_read_in_the_file():
    assert SCAN[:40] not in written()


def test_a_file_shortened_anywhere_is_refused(tmp_path: Path):
    whole, chance = written(), random.Random(1)
    for length in [1, 100, 200, len(whole) - 1, len(whole) - 65_536, *(chance.randrange(len(whole)) for _ in range(8))]:
        assert wrong(tmp_path, whole[:length])


def test_a_file_altered_anywhere_or_made_longer_is_refused(tmp_path: Path):
    whole, chance = written(), random.Random(2)
    assert wrong(tmp_path, whole + b"x")
    for place in [len(whole) - 1, *(chance.randrange(300, len(whole)) for _ in range(8))]:
        assert "altered" in wrong(tmp_path, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])


def test_another_key_and_what_is_no_backup_are_told_apart(tmp_path: Path):
    assert "None of the keys" in wrong(tmp_path, written(), x25519.Identity.generate())
    assert "no backup" in wrong(tmp_path, b"PGDMP" * 100)


def test_a_file_that_ends_before_its_digests_is_refused_though_age_finds_it_whole(tmp_path: Path):
    target = BytesIO()
    parts = archive._tar([archive.of_words(archive.ABOUT, {"format": archive.FORMAT}), archive.of_bytes("database.000000", b"x")])
    tar = b"".join(parts)
    without_digests = tar[: tar.index(archive.CONTENTS.encode())] + bytes(1024)
    import pyrage  # noqa: PLC0415

    pyrage.encrypt_io(BytesIO(without_digests), target, [KEY.to_public()])
    assert "not whole" in wrong(tmp_path, target.getvalue())


def test_another_format_is_said_to_be_one(tmp_path: Path):
    target = BytesIO()
    archive.write(target, [KEY.to_public()], [archive.of_words(archive.ABOUT, {"format": "danvan-backup/9"})])
    assert "Install the version that made it" in wrong(tmp_path, target.getvalue())


def test_what_goes_wrong_with_a_part_is_told_as_it_is():
    def parts():
        yield archive.of_bytes("a", b"a")
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError, match="went away"):
        archive.write(BytesIO(), [KEY.to_public()], parts())
    with pytest.raises(EOFError, match="shorter"):
        archive.write(BytesIO(), [KEY.to_public()], [archive.Part("a", 9, BytesIO(b"a"))])
