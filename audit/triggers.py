"""The database's own journalling: triggers on watched tables, and those that keep history from being altered.

They are made after each `migrate` from the models as they are then, where they aren't right already: so they know every column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models import AuditEntry, Seal
from audit.watching import Watched, sealed, watched

_ENTRIES = AuditEntry._meta.db_table
_ACTIONS = ("added", "changed", "deleted")
#: the triggers of a table of history
_REFUSALS = {"postgresql": ("append_only", "never_emptied"), "sqlite": ("append_only_changed", "append_only_deleted")}
_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are never changed and never deleted';
END $$;

CREATE OR REPLACE FUNCTION audit_acting(OUT by_id bigint, OUT address text, OUT via text) LANGUAGE sql AS $$
    SELECT (acting->>'by')::bigint, coalesce(acting->>'address', session_user), coalesce(acting->>'via', 'SQL')
    FROM (SELECT coalesce(nullif(current_setting('audit.acting', true), ''), '{{}}')::jsonb AS acting) AS told
$$;

CREATE OR REPLACE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    untold text[] := TG_ARGV[2]::text[] || TG_ARGV[3]::text[];
    added boolean := TG_OP = 'INSERT';
BEGIN
    INSERT INTO {_ENTRIES} (at, by_id, address, via, action, kind, row, before, after)
    SELECT clock_timestamp(), acting.by_id, acting.address, acting.via, CASE WHEN added THEN 'added' ELSE 'deleted' END, TG_ARGV[0],
           to_jsonb(each)->>TG_ARGV[1],
           CASE WHEN NOT added THEN to_jsonb(each) - untold END, CASE WHEN added THEN to_jsonb(each) - untold END
    FROM touched AS each, audit_acting() AS acting;
    RETURN NULL;
END $$;
"""


def make_ready_for_migrating(using: str, **kwargs: Any) -> None:
    """Where something is to be migrated: on PostgreSQL have the triggers work whatever becomes of the columns; none is away meanwhile.

    On SQLite, which makes a table anew for each change of it and refuses what a trigger names, they have to go.
    """
    if kwargs.get("plan"):
        _run(using, _ready_on_postgresql if connections[using].vendor == "postgresql" else _none_on_sqlite)


def install_after_migrating(using: str, **kwargs: Any) -> None:
    """All triggers as the models are now. A flush, which says that it migrated too, leaves them as they are."""
    if "plan" in kwargs:
        _run(using, _as_the_models_are)


def _as_the_models_are(connection: BaseDatabaseWrapper, tables: set[str]) -> Iterator[list[str]]:
    """Nothing is touched of a table whose triggers are right: to alter one keeps its writers waiting."""
    if _ENTRIES not in tables:
        return
    by_table = {table: each for each in watched() if (table := each.model._meta.db_table) in tables}
    if connection.vendor == "postgresql":
        yield [_FUNCTIONS, *(_telling_changes(each) for each in by_table.values())]
    history, there = history_of(tables), _ours(connection)
    for table in sorted(tables):
        wanted: dict[str, str] = {}
        if table in by_table:
            wanted |= (_on_postgresql if connection.vendor == "postgresql" else _on_sqlite)(by_table[table])
        if table in history:
            wanted |= append_only(connection, table)
        standing = {name: trigger for (on, name), trigger in there.items() if on == table}
        right = {name for name, trigger in standing.items() if trigger.works and trigger.sql == wanted.get(name)}
        yield [_removal(connection, name, table) for name in standing if name not in right] + [
            sql for name, sql in wanted.items() if name not in right
        ]


def _ready_on_postgresql(connection: BaseDatabaseWrapper, tables: set[str]) -> Iterator[list[str]]:
    """Functions that know no column, for every trigger that is there, in one statement each and with no lock on any table.

    What is left out or secret stays so under its old name and under its new one: where there are new ones, triggers are made anew.
    """
    by_table = {each.model._meta.db_table: each for each in watched()}
    for table, (kind, key, *without) in sorted(_arguments(connection).items()):
        computed, secret = (set(names[1:-1].split(",")) - {""} for names in without)
        made = []
        if table in by_table:
            more_computed, more_secret = _left_out(by_table[table])
            if more_computed - computed or more_secret - secret:
                computed, secret = computed | more_computed, secret | more_secret
                for name, sql in _telling_whole_rows(table, kind, key, computed, secret).items():
                    made += [_removal(connection, name, table), sql]
        yield [*made, _telling_changes_of_any_columns(table, kind, key, computed, secret)]


def _none_on_sqlite(connection: BaseDatabaseWrapper, tables: set[str]) -> Iterator[list[str]]:
    yield from ([_removal(connection, name, table)] for table, name in sorted(_ours(connection)))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Tables that have lost a trigger."""
    wanted = {(each.model._meta.db_table, f"audit_{name}") for each in watched() for name in _ACTIONS}
    wanted |= {(model._meta.db_table, name) for model in _history() for name in _REFUSALS[connection.vendor]}
    working = {each for each, trigger in _ours(connection).items() if trigger.works}
    return sorted({table for table, _ in wanted - working})


class _Trigger(NamedTuple):
    sql: str
    works: bool


def _ours(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], _Trigger]:
    """The triggers that are there, by table and the name in which they are alike on both databases."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid, true), tgenabled <> 'D' FROM pg_trigger"
                " JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND pg_table_is_visible(tgrelid)"
            )
        else:
            cursor.execute("SELECT tbl_name, substr(name, 1, instr(name, '_on_') - 1), sql, true FROM sqlite_master WHERE type = 'trigger'")
        names = {f"audit_{action}" for action in _ACTIONS} | set(_REFUSALS[connection.vendor])
        return {(table, name): _Trigger(sql, works) for table, name, sql, works in cursor.fetchall() if name in names}


def _arguments(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """What the triggers of each watched table were told: kind, key, which columns are computed and which secret (PostgreSQL)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, tgargs FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = 'audit_added' AND pg_table_is_visible(tgrelid)"
        )
        return {table: bytes(told).decode().split("\0")[:4] for table, told in cursor.fetchall()}


def _run(using: str, makes: Callable[[BaseDatabaseWrapper, set[str]], Iterable[list[str]]]) -> None:
    """Carry out what is to be done at once for each table in a transaction of its own, so that no write goes unseen."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for together in makes(connection, tables):
            if together:
                with transaction.atomic(using):
                    for statement in together:
                        cursor.execute(statement)


def _removal(connection: BaseDatabaseWrapper, name: str, table: str) -> str:
    """To be asked for what is there alone: looking for a trigger that isn't would lock its table as well."""
    if connection.vendor == "sqlite":
        return f'DROP TRIGGER IF EXISTS "{name}_on_{table}"'
    return f'DROP TRIGGER IF EXISTS {name} ON "{table}"'


def append_only(connection: BaseDatabaseWrapper, table: str) -> dict[str, str]:
    """What has the database refuse to alter, remove or empty the rows of a table of history: each trigger by its name."""
    if connection.vendor == "postgresql":
        refusing = {"append_only": ("DELETE OR UPDATE", "ROW"), "never_emptied": ("TRUNCATE", "STATEMENT")}
        return {
            name: f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION audit_refuse()"
            for name, (when, each) in refusing.items()
        }
    refused = f"SELECT RAISE(ABORT, 'rows of {table} are never changed and never deleted')"
    return {
        name: f'CREATE TRIGGER "{name}_on_{table}" BEFORE {when} ON "{table}" BEGIN {refused}; END'
        for name, when in zip(_REFUSALS["sqlite"], ("UPDATE", "DELETE"), strict=True)
    }


def not_append_only(connection: BaseDatabaseWrapper, table: str) -> Iterator[str]:
    """What takes that away again, before a migration alters the table."""
    yield from (_removal(connection, name, table) for name in _REFUSALS[connection.vendor])


def history_of(tables: Iterable[str]) -> list[str]:
    """Which of these tables hold history."""
    history = {model._meta.db_table for model in _history()}
    return sorted(history.intersection(tables))


def _history() -> list[type[models.Model]]:
    return [*sealed(), Seal]


def _key(each: Watched) -> str:
    """The column of the primary key."""
    return each.model._meta.pk.attname


def _columns(watched_table: Watched) -> list[models.Field[Any, Any]]:
    """What is looked at; the rows of a many-to-many relation have no name of ours to leave out."""
    return [field for field in watched_table.model._meta.concrete_fields if field.name not in watched_table.computed]


def _left_out(each: Watched) -> tuple[set[str], set[str]]:
    """The columns whose changes aren't told, and those that are told to have changed and not to what."""
    names = {field.name: str(field.column) for field in each.model._meta.concrete_fields}
    return {names[name] for name in each.computed}, {names[name] for name in _secret(each)}


def _on_postgresql(each: Watched) -> dict[str, str]:
    """The triggers by name, written as PostgreSQL tells them: so one that stands as it should is known again."""
    table = each.model._meta.db_table
    return _telling_whole_rows(table, each.model._meta.label_lower, _key(each), *_left_out(each)) | {
        "audit_changed": f"CREATE TRIGGER audit_changed AFTER UPDATE ON {table} REFERENCING OLD TABLE AS was NEW TABLE AS became"
        f" FOR EACH STATEMENT EXECUTE FUNCTION audit_changed_{table}()"
    }


def _telling_whole_rows(table: str, kind: str, key: str, computed: set[str], secret: set[str]) -> dict[str, str]:
    """The triggers that tell which rows came and went, at once for however many."""
    told = ", ".join(f"'{each}'" for each in (kind, key, _array(computed), _array(secret)))
    return {
        f"audit_{name}": f"CREATE TRIGGER audit_{name} AFTER {when} ON {table} REFERENCING {side} TABLE AS touched"
        f" FOR EACH STATEMENT EXECUTE FUNCTION audit_rows({told})"
        for name, when, side in (("added", "INSERT", "NEW"), ("deleted", "DELETE", "OLD"))
    }


def _array(names: set[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _telling_changes(each: Watched) -> str:
    """The function that tells what a statement changed, of however many rows: called for each row it would cost four times as much.

    A full join, since it can be done by hashing alone, and so that a row whose key is changed is told as well.
    """
    meta, key, columns, secret = each.model._meta, _key(each), _columns(each), _secret(each)

    def value(side: str, field: models.Field[Any, Any]) -> str:
        return "'\"…\"'::jsonb" if field.name in secret else f'to_jsonb({side}."{field.column}")'

    told = ", ".join(
        f'(\'{field.column}\', {value("had", field)}, {value("has", field)}, had."{field.column}" IS DISTINCT FROM has."{field.column}")'
        for field in columns
    )
    before, after = (", ".join(f'{side}."{field.column}"' for field in columns) for side in ("had", "has"))
    return f"""
CREATE OR REPLACE FUNCTION audit_changed_{meta.db_table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {_ENTRIES} (at, by_id, address, via, action, kind, row, before, after)
    SELECT clock_timestamp(), acting.by_id, acting.address, acting.via, 'changed', '{meta.label_lower}',
           coalesce(has."{key}", had."{key}")::text, told.before, told.after
    FROM audit_acting() AS acting
    CROSS JOIN (was AS had FULL JOIN became AS has ON has."{key}" = had."{key}")
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(name, before) AS before, jsonb_object_agg(name, after) AS after
        FROM (VALUES {told}) AS each(name, before, after, differs) WHERE differs
    ) AS told
    WHERE ({before}) IS DISTINCT FROM ({after});
    RETURN NULL;
END $$
"""


def _telling_changes_of_any_columns(table: str, kind: str, key: str, computed: set[str], secret: set[str]) -> str:
    """The same of whatever columns there are when it is called, each row taken apart: for the time in which they change."""
    return f"""
CREATE OR REPLACE FUNCTION audit_changed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE $told$
        INSERT INTO {_ENTRIES} (at, by_id, address, via, action, kind, row, before, after)
        SELECT clock_timestamp(), acting.by_id, acting.address, acting.via, 'changed', '{kind}', coalesce(has.key, had.key),
               told.before, told.after
        FROM audit_acting() AS acting
        CROSS JOIN (
            (SELECT to_jsonb(was) AS row, to_jsonb(was)->>'{key}' AS key FROM was) AS had
            FULL JOIN (SELECT to_jsonb(became) AS row, to_jsonb(became)->>'{key}' AS key FROM became) AS has ON has.key = had.key
        )
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(name, CASE WHEN is_secret THEN '"…"' ELSE before END) AS before,
                   jsonb_object_agg(name, CASE WHEN is_secret THEN '"…"' ELSE after END) AS after
            FROM (
                SELECT name, nullif(had.row->name, 'null') AS before, nullif(has.row->name, 'null') AS after,
                       name = ANY('{_array(secret)}') AS is_secret
                FROM jsonb_object_keys(coalesce(has.row, had.row)) AS name
                WHERE name <> ALL('{_array(computed)}')
            ) AS each
            WHERE before IS DISTINCT FROM after
        ) AS told
        WHERE told.after IS NOT NULL
    $told$;
    RETURN NULL;
END $$
"""


def _secret(each: Watched) -> set[str]:
    """The names of the fields that are told to have changed and not to what."""
    return {*each.secret, *(field.name for field in each.model._meta.concrete_fields if isinstance(field, models.BinaryField))}


def _on_sqlite(each: Watched) -> dict[str, str]:
    meta, columns, secret = each.model._meta, _columns(each), _secret(each)
    table, made = meta.db_table, {}
    differs = " OR ".join(f'OLD."{field.column}" IS NOT NEW."{field.column}"' for field in columns)

    def entry(action: str, key: str, was: str, became: str) -> str:
        acting = ", ".join(f"json_extract(audit_acting(), '$.{name}')" for name in ("by", "address", "via"))
        return (
            f"INSERT INTO {_ENTRIES} (at, by_id, address, via, action, kind, row, before, after) "
            f"VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now'), {acting}, '{action}', '{meta.label_lower}', {key}, {was}, {became})"
        )

    def whole(side: str) -> str:
        told = (f"'{field.column}', {_as_json(field, side)}" for field in columns if field.name not in secret)
        return f"json_object({', '.join(told)})"

    def changed(side: str) -> str:
        told = " UNION ALL ".join(
            f"SELECT '{field.column}' AS name, {chr(39) + '…' + chr(39) if field.name in secret else _as_json(field, side)} AS value, "
            f'OLD."{field.column}" IS NOT NEW."{field.column}" AS differs'
            for field in columns
        )
        return f"(SELECT json_group_object(name, value) FROM ({told}) WHERE differs)"

    for action, when, key, was, became in (
        ("added", "INSERT", f'NEW."{_key(each)}"', "NULL", whole("NEW")),
        ("changed", "UPDATE", f'NEW."{_key(each)}"', changed("OLD"), changed("NEW")),
        ("deleted", "DELETE", f'OLD."{_key(each)}"', whole("OLD"), "NULL"),
    ):
        condition = f"WHEN {differs}" if action == "changed" else ""
        does = entry(action, key, was, became)
        made[f"audit_{action}"] = f'CREATE TRIGGER "audit_{action}_on_{table}" AFTER {when} ON "{table}" {condition} BEGIN {does}; END'
    return made


def _as_json(field: models.Field[Any, Any], side: str) -> str:
    column = f'{side}."{field.column}"'
    return f"json({column})" if isinstance(field, models.JSONField) else column
