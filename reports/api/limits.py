"""How often a program may ask: so many requests a minute for each token, counted in the cache."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from redis import RedisError

from accounts.models import ApiToken
from reports.api.problems import Trouble

logger = logging.getLogger(__name__)

#: seconds
WINDOW = 60


@dataclass(frozen=True, slots=True)
class Budget:
    """How many requests are left until the window ends, in seconds."""

    limit: int
    left: int
    ends_in: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        policy = f'"token";q={self.limit};w={WINDOW}'
        return {"RateLimit-Policy": policy, "RateLimit": f'"token";r={self.left};t={self.ends_in}'}


def spend(token: ApiToken) -> Budget:
    """Count one request. Raises Trouble (429) where none is left."""
    now = int(time.time())
    limit, ends_in = int(settings.API_REQUESTS_A_MINUTE), WINDOW - now % WINDOW
    used = _count(f"api:{token.pk}:{now // WINDOW}")
    budget = Budget(limit, max(limit - used, 0), ends_in)
    if used > limit:
        headers = budget.headers | {"Retry-After": str(ends_in)}
        raise Trouble(429, "too-many-requests", _("These were too many requests: wait a little."), headers=headers)
    return budget


def _count(key: str) -> int:
    """How often it was asked for this; a cache that doesn't answer keeps nobody out."""
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key)
    except (RedisError, ValueError) as error:
        logger.warning("Requests are not counted: %s", error)
        return 0
