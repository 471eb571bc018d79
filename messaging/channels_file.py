"""The file in which a site describes its channels (CHANNELS_FILE): JSON, whose secrets stand in the environment (docs/messages.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any


def read(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """What it says, with `$NAME` in any text put in from the environment; `$$` is a dollar.

    Raises ValueError: no such file, no JSON object, a name that the environment lacks, more said than there is to say.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(said, dict) or not all(isinstance(told, dict) for told in said.values()):
        raise ValueError(f"{path}: an object is wanted, with an object for each channel.")
    for alias, told in said.items():
        if unknown := set(told) - {"BACKEND", "NAME", "OPTIONS"}:
            raise ValueError(f"{path}: {alias}: nothing is called {', '.join(sorted(unknown))} here.")
    filled: dict[str, Any] = _filled(said, environment, path)
    return filled


def _filled(said: Any, environment: Mapping[str, str], path: Path) -> Any:
    match said:
        case str():
            try:
                return Template(said).substitute(environment)
            except KeyError as error:
                raise ValueError(f"{path}: the environment has no {error.args[0]}.") from error
            except ValueError as error:
                raise ValueError(f"{path}: {said!r}: write $$ for a dollar.") from error
        case dict():
            return {name: _filled(value, environment, path) for name, value in said.items()}
        case list():
            return [_filled(value, environment, path) for value in said]
    return said
