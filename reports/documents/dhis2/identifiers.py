"""What the house's things are called in DHIS2: ids of 11 characters and codes of at most 50, for ever the same for the same thing."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from string import ascii_letters, digits

LONGEST_CODE = LONGEST_SHORT_NAME = 50
LONGEST_NAME = 230
#: the category combination of what isn't broken down, in every instance that was begun since 2.26; older ones find theirs by its class
DEFAULT_COMBO = "bjDvmb4bfuf"

_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
_REST = ascii_letters + digits
_DIGEST_LENGTH = 10


class Kind(StrEnum):
    """Kinds of things in DHIS2, by what they are called there."""

    UNIT = "organisationUnit"
    UNIT_LEVEL = "organisationUnitLevel"
    UNIT_GROUP = "organisationUnitGroup"
    DATA_ELEMENT = "dataElement"
    OPTION_SET = "optionSet"
    OPTION = "option"
    INDICATOR = "indicator"
    INDICATOR_TYPE = "indicatorType"
    DATA_SET = "dataSet"
    DATA_SET_ELEMENT = "dataSetElement"
    SECTION = "section"


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def id_of(kind: Kind, code: str) -> str:
    """The id of what has this code: the digits of a digest, so that it never changes and two codes have two."""
    number = int.from_bytes(hashlib.sha256(f"{kind}:{code}".encode()).digest()[:16], "big")
    number, first = divmod(number, len(ascii_letters))
    letters = [ascii_letters[first]]
    for _place in range(10):
        number, place = divmod(number, len(_REST))
        letters.append(_REST[place])
    return "".join(letters)


def unit_id(uid: str) -> str:
    """A unit's id. Where its uid is of DHIS2's form, since it came from there, that is it."""
    return uid if is_id(uid) else id_of(Kind.UNIT, uid)


def data_element_code(template: str, indicator: str) -> str:
    """The code of an indicator's data element, in whatever version of the template. Neither code holds a point itself."""
    return _fitted(f"{template}.{indicator}")


def data_set_code(template: str, period_type: str) -> str:
    """The code of a template's data set: DHIS2 has one for each length of period."""
    return _fitted(f"{template}.{period_type}")


def _fitted(code: str) -> str:
    if len(code) <= LONGEST_CODE:
        return code
    digest = hashlib.sha256(code.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{code[: LONGEST_CODE - _DIGEST_LENGTH - 1]}~{digest}"
