"""Where a file waits between its preview and its confirmation: in a folder of its own, under a name that nobody can guess, for a day."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from import_export.tmp_storages import BaseStorage

#: seconds
_KEPT = 24 * 3600
_NAME = re.compile(r"[0-9a-f]{32}")


class WaitingFiles(BaseStorage):
    """What django-import-export asks of a storage. Reading what isn't there raises FileNotFoundError."""

    def save(self, data: bytes) -> None:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _forget_abandoned(folder)
        self.name = secrets.token_hex(16)
        self._place().write_bytes(data)

    def read(self) -> bytes:
        return self._place().read_bytes()

    def remove(self) -> None:
        self._place().unlink(missing_ok=True)

    def _place(self) -> Path:
        if not _NAME.fullmatch(self.name or ""):
            raise FileNotFoundError
        return _folder() / self.name


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def _forget_abandoned(folder: Path) -> None:
    for file in folder.iterdir():
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > _KEPT:
                file.unlink()
