"""The database's own journalling: triggers on watched tables, and those that keep history from being altered.

They are made anew after each `migrate`, from the models as they are then: so they know every column, and none is in a migration's way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

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


def remove_before_migrating(using: str, **kwargs: Any) -> None:
    """A column that a trigger names can't be altered. Where nothing is to be migrated, nothing is removed."""
    if kwargs.get("plan"):
        _run(using, lambda connection, tables: ([_removal(connection, name, table)] for table, name in sorted(_ours(connection))))


def install_after_migrating(using: str, **kwargs: Any) -> None:
    """All triggers anew. A flush, which says that it migrated too, leaves them as they are."""
    if "plan" in kwargs:
        _run(using, statements)


def statements(connection: BaseDatabaseWrapper, tables: set[str]) -> Iterator[list[str]]:
    """What makes all triggers of the tables that are there: for each table what is to be done at once, so that no write goes unseen."""
    if _ENTRIES not in tables:
        return
    on_postgresql = connection.vendor == "postgresql"
    if on_postgresql:
        yield [_FUNCTIONS]
    there, history = sorted(_ours(connection)), history_of(tables)
    by_table = {each.model._meta.db_table: each for each in watched()}
    for table in sorted(tables):
        made = [_removal(connection, name, on) for on, name in there if on == table]
        if table in by_table:
            made += (_on_postgresql if on_postgresql else _on_sqlite)(by_table[table])
        if table in history:
            made += append_only(connection, table)
        yield made


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Tables that have lost a trigger."""
    wanted = {(each.model._meta.db_table, f"audit_{name}") for each in watched() for name in _ACTIONS}
    wanted |= {(model._meta.db_table, name) for model in _history() for name in _REFUSALS[connection.vendor]}
    working = {each for each, works in _ours(connection).items() if works}
    return sorted({table for table, _ in wanted - working})


def _ours(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], bool]:
    """The triggers that are there, by table and the name in which they are alike on both databases, and whether they work."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgrelid::regclass::text, tgname, tgenabled <> 'D' FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT tbl_name, substr(name, 1, instr(name, '_on_') - 1), true FROM sqlite_master WHERE type = 'trigger'")
        names = {f"audit_{action}" for action in _ACTIONS} | set(_REFUSALS[connection.vendor])
        return {(table, name): works for table, name, works in cursor.fetchall() if name in names}


def _run(using: str, makes: Callable[[BaseDatabaseWrapper, set[str]], Iterable[list[str]]]) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for together in makes(connection, tables):
            with transaction.atomic(using):
                for statement in together:
                    cursor.execute(statement)


def _removal(connection: BaseDatabaseWrapper, name: str, table: str) -> str:
    """To be asked for what is there alone: looking for a trigger that isn't would lock its table as well."""
    if connection.vendor == "sqlite":
        return f'DROP TRIGGER IF EXISTS "{name}_on_{table}"'
    return f'DROP TRIGGER IF EXISTS {name} ON "{table}"'


def append_only(connection: BaseDatabaseWrapper, table: str) -> Iterator[str]:
    """What has the database refuse to alter, remove or empty the rows of a table of history."""
    if connection.vendor == "postgresql":
        yield f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW EXECUTE FUNCTION audit_refuse()'
        yield f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()'
        return
    refused = f"SELECT RAISE(ABORT, 'rows of {table} are never changed and never deleted')"
    for name, when in zip(_REFUSALS["sqlite"], ("UPDATE", "DELETE"), strict=True):
        yield f'CREATE TRIGGER "{name}_on_{table}" BEFORE {when} ON "{table}" BEGIN {refused}; END'


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


def _on_postgresql(each: Watched) -> Iterator[str]:
    meta = each.model._meta
    names = {field.name: str(field.column) for field in meta.concrete_fields}
    computed, secret = ("{" + ",".join(names[name] for name in group) + "}" for group in (each.computed, (*each.secret, *_binary(each))))
    told = f"'{meta.label_lower}', '{_key(each)}', '{computed}', '{secret}'"
    for name, when, side in (("added", "INSERT", "NEW"), ("deleted", "DELETE", "OLD")):  # at once for however many rows
        yield (
            f'CREATE TRIGGER audit_{name} AFTER {when} ON "{meta.db_table}" REFERENCING {side} TABLE AS touched'
            f" FOR EACH STATEMENT EXECUTE FUNCTION audit_rows({told})"
        )
    yield _telling_changes(each)
    yield (
        f'CREATE TRIGGER audit_changed AFTER UPDATE ON "{meta.db_table}" REFERENCING OLD TABLE AS was NEW TABLE AS became'
        f" FOR EACH STATEMENT EXECUTE FUNCTION audit_changed_{meta.db_table}()"
    )


def _telling_changes(each: Watched) -> str:
    """The function that tells what a statement changed, of however many rows: called for each row it would cost four times as much.

    A full join, since it can be done by hashing alone, and so that a row whose key is changed is told as well.
    """
    meta, key, columns = each.model._meta, _key(each), _columns(each)
    secret = {*each.secret, *_binary(each)}

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


def _binary(each: Watched) -> list[str]:
    return [field.name for field in each.model._meta.concrete_fields if isinstance(field, models.BinaryField)]


def _on_sqlite(each: Watched) -> Iterator[str]:
    meta, columns = each.model._meta, _columns(each)
    table, secret = meta.db_table, {*each.secret, *_binary(each)}
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
        yield f'CREATE TRIGGER "audit_{action}_on_{table}" AFTER {when} ON "{table}" {condition} BEGIN {does}; END'


def _as_json(field: models.Field[Any, Any], side: str) -> str:
    column = f'{side}."{field.column}"'
    return f"json({column})" if isinstance(field, models.JSONField) else column
