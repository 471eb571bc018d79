"""What the identity provider of the tests claims of its people."""

from __future__ import annotations

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator

from tests.identity_provider.people import PEOPLE


class Validator(OAuth2Validator):
    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        name = request.user.get_username()
        return {"preferred_username": name, **PEOPLE[name]}
