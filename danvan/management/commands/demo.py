from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.utils import timezone
from django.utils.translation import gettext

from danvan import embedded
from danvan.supervisor import AskedToStop, ChildEnded
from reports.demo import Account, load_demo
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Load the demo and run it: pages, worker, scheduler and broker on this machine. Ctrl-C ends all of it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="only load the demo")
        parser.add_argument("--reset", action="store_true", help="delete the demo's database and start afresh")
        parser.add_argument("--port", type=int, default=8000, help="where the pages are served (8000)")

    def handle(self, *, no_serve: bool, reset: bool, port: int, **options: Any) -> None:
        try:
            if not no_serve:
                embedded.require_free(port)
            with embedded.alone():
                if reset:
                    delete_database()
                accounts = self.load()
                if not no_serve:
                    self.serve(port, accounts)
        except embedded.NotStarted as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(gettext("Stopped.")) from None

    def load(self) -> Iterable[Account]:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        accounts = load_demo(self.say, timezone.now())
        connections.close_all()
        return accounts

    def serve(self, port: int, accounts: Iterable[Account]) -> None:
        self.say(gettext("Starting …"))
        try:
            with embedded.running(port) as children:
                self.welcome(port, accounts)
                children.watch()
        except AskedToStop:
            self.say(gettext("Stopped. The data stays in %(place)s.") % {"place": settings.VAR_DIR})
        except ChildEnded as ended:
            raise CommandError(
                gettext("%(name)s ended by itself with %(code)d; everything else was stopped. The end of %(log)s:\n%(lines)s")
                % {"name": ended.name, "code": ended.returncode, "log": ended.log, "lines": embedded.last_lines(ended.log)}
            ) from ended

    def welcome(self, port: int, accounts: Iterable[Account]) -> None:
        self.say("")
        self.say(gettext("The demo runs at %(url)s") % {"url": f"http://{embedded.HOST}:{port}/"})
        for account in accounts:
            self.say(f"  {account.username:<12} {account.password:<24} {account.who}")
        if not settings.SECOND_FACTOR:
            self.say(gettext("In the demo nobody is asked for a second factor; elsewhere whoever configures is (SECOND_FACTOR)."))
        self.say(gettext("Logs: %(place)s. Ctrl-C ends it.") % {"place": settings.VAR_DIR / "log"})

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def delete_database() -> None:
    """Delete the demo's own file; a database on a server is somebody's, and is not the demo's to empty."""
    if connection.vendor != "sqlite":
        raise CommandError(gettext("--reset deletes the demo's own SQLite file only. Unset DATABASE_URL, or make the demo a new database."))
    connections.close_all()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{connection.settings_dict['NAME']}{suffix}").unlink(missing_ok=True)
