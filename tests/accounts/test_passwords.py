from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.accounts.builders import given_second_factor
from tests.builders import given_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "alone", "beside"),
    [
        ("gió-bấc-1", False, True),
        ("gió-bấc", False, False),
        ("13-chu-cai-ne", False, True),
        ("14-chu-cai-nay", True, True),
        ("password1234567890", True, True),
        ("qwertyuiop", False, False),
        ("12345678901234567", False, False),
        ("nguyenthihoanglan", False, False),
    ],
)
def test_a_password_is_long_enough_and_neither_common_nor_a_number_nor_ones_name(password: str, alone: bool, beside: bool):
    lan = given_user("nguyenthihoanglan")
    assert (taken(password, lan), [given_second_factor(lan), taken(password, lan)][1]) == (alone, beside)


def taken(password, user) -> bool:
    try:
        validate_password(password, user)
    except ValidationError:
        return False
    return True
