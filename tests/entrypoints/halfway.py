"""`python -m tests.entrypoints.halfway TABLE COMMAND …`: a command that says so once it has written into the table, in a transaction
that isn't over, and goes on when its standard input ends.
"""

from __future__ import annotations

import sys
from typing import Any

import django
from django.core.management import call_command
from django.db import connection


def main(table: str, *command: str) -> None:
    def pausing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        if sql.startswith(f'INSERT INTO "{table}"'):
            assert connection.in_atomic_block
            print("halfway", flush=True)
            sys.stdin.read()
        return done

    with connection.execute_wrapper(pausing):
        call_command(*command)


if __name__ == "__main__":
    django.setup()
    main(*sys.argv[1:])
