"""The file of a backup: a tar of parts, encrypted with age (age-encryption.org/v1), written and read as a stream in bounded memory.

It opens without this program as well: `age --decrypt --identity KEY FILE | tar --extract`, then `sha256sum --check contents.sha256`
and `cat database.* | pg_restore`. In this order it holds `about.json`, the database in blocks, files, `end.json`, `contents.sha256`.

age needs the public key to write and the private one to read: a server that makes backups can't open them. What it encrypts it
also proves: an altered or shortened file is refused. It does not prove who made it, hence the journal's digest in `about.json`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import pyrage

from units.problems import Problem, Refused, gettext_noop

FORMAT = "danvan-backup/1"
ABOUT, DATABASE, END, CONTENTS = "about.json", "database.", "end.json", "contents.sha256"
#: bytes of one part of the database
BLOCK = 4 * 2**20
#: bytes that about.json and end.json may have: whoever made the file is not known before it was read
_MOST = 16 * 2**20

Recipient: TypeAlias = pyrage.x25519.Recipient
Identity: TypeAlias = pyrage.x25519.Identity


@dataclass(frozen=True, slots=True)
class Part:
    """A file within: its name, how many bytes it has, and what they are."""

    name: str
    size: int
    content: IO[bytes]


def of_bytes(name: str, content: bytes) -> Part:
    return Part(name, len(content), io.BytesIO(content))


def of_words(name: str, words: Mapping[str, Any]) -> Part:
    return of_bytes(name, json.dumps(words, ensure_ascii=False, indent=1).encode())


def in_blocks(chunks: Iterable[bytes]) -> Iterator[Part]:
    """A stream of unknown length, cut into parts."""
    number, held = 0, bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= BLOCK:
            yield of_bytes(f"{DATABASE}{number:06}", bytes(held[:BLOCK]))
            del held[:BLOCK]
            number += 1
    yield of_bytes(f"{DATABASE}{number:06}", bytes(held))


# --- Writing ---------------------------------------------------------------------------------------


def write(target: io.BufferedIOBase, recipients: Sequence[Recipient], parts: Iterable[Part]) -> None:
    """Write the parts and a list of their digests, for whoever has one of the recipients' private keys."""
    source = _Pulled(_tar(parts))
    try:
        pyrage.encrypt_io(source, target, recipients)
    except pyrage.EncryptError as error:
        raise source.error or error from error
    if source.error:
        raise source.error


def _tar(parts: Iterable[Part]) -> Iterator[bytes]:
    with tempfile.SpooledTemporaryFile(max_size=BLOCK) as lines:
        for part in parts:
            made = hashlib.sha256()
            yield from _member(part, made.update)
            lines.write(_line(part.name, made.hexdigest()))
        size = lines.tell()
        lines.seek(0)
        yield from _member(Part(CONTENTS, size, lines), lambda _: None)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(part: Part, note: Callable[[bytes], object]) -> Iterator[bytes]:
    head = tarfile.TarInfo(part.name)
    head.size, head.mode = part.size, 0o600
    yield head.tobuf(tarfile.PAX_FORMAT)
    left = part.size
    while left:
        chunk = part.content.read(min(left, 2**18))
        if not chunk:
            raise EOFError(f"{part.name} is shorter than the {part.size} bytes that it had")
        note(chunk)
        yield chunk
        left -= len(chunk)
    yield bytes(-part.size % tarfile.BLOCKSIZE)


def _line(name: str, digest: str) -> bytes:
    return f"{digest}  {name}\n".encode()


class _Pulled(io.BufferedIOBase):
    """Chunks as a file to read. What they raise is kept: age would tell of it in its own words."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, memoryview(b"")
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            while not self._held:
                self._held = memoryview(next(self._chunks))
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        given, self._held = self._held[:size], self._held[size:]
        return bytes(given)


# --- Reading ---------------------------------------------------------------------------------------


def check(file: Path, identities: Sequence[Identity]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read all of it and hold it against its digests: what it is about, and what its end says. Raises Refused."""
    about: dict[str, Any] = {}
    end: dict[str, Any] = {}
    for part in read(file, identities):
        if part.name == ABOUT:
            about = words_of(part, file)
        elif part.name == END:
            end = words_of(part, file)
    return about, end


def words_of(part: Part, file: Path) -> dict[str, Any]:
    """What about.json or end.json says. Raises Refused where it is of another format."""
    words = json.loads(part.content.read(_MOST))
    if part.name == ABOUT and words.get("format") != FORMAT:
        message = gettext_noop("The backup has the format %(format)s; this version reads %(ours)s. Install the version that made it.")
        raise Refused(Problem(message, {"format": words.get("format"), "ours": FORMAT}, file=str(file)))
    return words


def read(file: Path, identities: Sequence[Identity]) -> Iterator[Part]:
    """The parts one after another, each to be read before the next. Raises Refused: wrong key, altered, shortened, no backup.

    What a part holds may be trusted only once all were read: that its end is missing shows at the end.
    """
    with _decrypted(file, identities) as stream:
        lines, listed = hashlib.sha256(), ""
        try:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    if content is None or listed:
                        raise _altered(file)
                    noting = _Noting(content)
                    if member.name == CONTENTS:
                        listed = noting.rest()
                        continue
                    yield Part(member.name, member.size, noting)  # type: ignore[arg-type]
                    lines.update(_line(member.name, noting.rest()))
        except (tarfile.TarError, EOFError) as error:
            raise _altered(file) from error
        if listed != lines.hexdigest():
            raise _altered(file)


class _Noting(io.RawIOBase):
    """A part that makes a digest of what is read of it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self._made = content, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self._made.update(chunk)
        return chunk

    def rest(self) -> str:
        """Read what nobody read; the digest of all."""
        while self.read(2**18):
            pass
        return self._made.hexdigest()


@contextmanager
def _decrypted(file: Path, identities: Sequence[Identity]) -> Iterator[IO[bytes]]:
    """The tar within. What is wrong with the file goes before whatever the tar's reader makes of the half that it got."""
    wrong: list[Exception] = []
    read_end, write_end = os.pipe()

    def decrypt() -> None:
        with file.open("rb") as source, os.fdopen(write_end, "wb") as target:
            try:
                pyrage.decrypt_io(source, target, identities)
            except Exception as error:  # noqa: BLE001 - told by the one who reads
                wrong.append(error)
            finally:
                with suppress(BrokenPipeError):
                    target.close()

    thread = threading.Thread(target=decrypt, name="decrypt", daemon=True)
    with os.fdopen(read_end, "rb", buffering=2**20) as stream:
        thread.start()
        try:
            yield stream
            while stream.read(2**20):
                pass
        except Refused as refused:
            stream.close()
            thread.join()
            raise (_said(file, wrong[0]) if wrong else refused) from refused
        finally:
            stream.close()
            thread.join()
    if wrong:
        raise _said(file, wrong[0]) from wrong[0]


def _said(file: Path, error: Exception) -> Refused:
    if "No matching keys" in str(error):
        message = gettext_noop("None of the keys given opens this backup: it was made for another one.")
        return Refused(Problem(message, file=str(file)))
    if "Header" in str(error):
        return Refused(Problem(gettext_noop("This is no backup: it doesn't begin as a file of age does."), file=str(file)))
    return _altered(file)


def _altered(file: Path) -> Refused:
    message = gettext_noop("The backup is not whole: it was shortened or altered after it was made. Take another one.")
    return Refused(Problem(message, file=str(file)))
