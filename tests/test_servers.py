"""The servers from wheels, which a machine without any of its own needs (tests/servers.py)."""

import psycopg
import pytest
import redis

from tests import servers


def test_a_postgresql_from_the_wheel_answers_and_is_gone_afterwards():
    with servers.postgresql_from_wheel() as server:
        assert server.name.startswith("PostgreSQL 18")
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(servers.Missing):
        servers.reached_postgresql(server.url)


def test_a_redis_from_the_wheel_comes_back_at_the_same_address():
    with servers.own_redis() as own:
        own.stop()
        with pytest.raises(servers.Missing):
            servers.reached_redis(own.url)
        own.start()
        assert servers.reached_redis(own.url).name.startswith("Valkey")


def test_two_who_claim_a_redis_database_get_two_and_leave_none_behind():
    with servers.own_redis() as own:
        with servers.redis_database(own.url) as one, servers.redis_database(own.url) as other:
            assert one != other
            redis.Redis.from_url(one).set("left", "behind")
            servers.emptied(one)
            assert redis.Redis.from_url(one).keys() == [servers.CLAIM.encode()]
        assert redis.Redis.from_url(own.url).info("keyspace") == {}


def test_a_server_that_is_named_and_does_not_answer_is_missed_without_its_password(monkeypatch):
    monkeypatch.setenv("TEST_REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    with pytest.raises(servers.Missing, match="does not answer") as missed, servers.redis_server():
        pass
    assert "secret" not in str(missed.value)
