"""The cache that sessions are read from: where Redis is away they are read from the database, and nobody is kept from working.

Django's store (`cached_db`) takes it for granted that the cache answers as it looks for a session's name, and as it keeps what it read
from the database: without Redis, every page of whoever is signed in ended in an error.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class SessionCache(RedisCache):
    """As if it were empty while Redis is away. But to forget a session it has to be there: who signs out must not be told so in vain."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError as error:
            _say(error)
            return default

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super().set(key, value, *args, **kwargs)
        except RedisError as error:
            _say(error)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        try:
            return super().has_key(key, version)
        except RedisError as error:
            _say(error)
            return False


def _say(error: RedisError) -> None:
    logger.warning("Redis is out of reach; sessions are kept in the database alone: %s", error)
