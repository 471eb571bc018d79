from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from messaging.channels_file import read

pytestmark = pytest.mark.once


def written(folder: Path, said: Any) -> Path:
    place = folder / "channels.json"
    place.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return place


def test_secrets_are_put_in_from_the_environment_wherever_they_are_named(tmp_path: Path):
    said = {"zalo": {"BACKEND": "x", "NAME": "Zalo", "OPTIONS": {"headers": {"access_token": "$TOKEN"}, "n": 1, "l": ["$$5"]}}}
    found = read(written(tmp_path, said), {"TOKEN": "bí mật"})
    assert found["zalo"]["OPTIONS"] == {"headers": {"access_token": "bí mật"}, "n": 1, "l": ["$5"]}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{", "Expecting property name"),
        ([], "an object is wanted"),
        ({"zalo": 1}, "an object is wanted"),
        ({"zalo": {"URL": "x"}}, "nothing is called URL"),
        ({"zalo": {"NAME": "$TOKEN"}}, "the environment has no TOKEN"),
        ({"zalo": {"NAME": "5$"}}, "write [$][$]"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_place(tmp_path: Path, said: Any, why: str):
    with pytest.raises(ValueError, match=f"channels.json.*{why}"):
        read(written(tmp_path, said), {})


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(ValueError, match="No such file"):
        read(tmp_path / "none.json", {})
