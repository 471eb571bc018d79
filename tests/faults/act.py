"""`python -m tests.faults.act KIND NAME SEED COUNT LEDGER PORT`: somebody who acts until COUNT attempts were acknowledged.

KIND is pages (with NAME's session), services or commands. Every attempt is written into the file LEDGER.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import django

#: seconds that somebody waits before trying again what didn't work
PAUSE = 0.1
#: whoever needs more attempts will not get there
ATTEMPTS = 2000


def main(kind: str, name: str, seed: str, count: str, ledger_file: str, port: str) -> int:
    django.setup()
    from tests.faults import clients  # noqa: PLC0415 - models can be imported only now
    from tests.faults.ledger import Ledger, Outcome  # noqa: PLC0415

    client_class = {"pages": clients.Pages, "services": clients.Services, "commands": clients.Commands}[kind]
    client = client_class(name, Path(ledger_file).stem, seed, int(port))
    ledger, done = Ledger(Path(ledger_file)), 0
    for _ in range(ATTEMPTS):
        if done == int(count):
            return 0
        try:
            attempt = client.attempt()
        except clients.Impossible:
            time.sleep(PAUSE)
            continue
        ledger.write(attempt)
        done += attempt.outcome is Outcome.DONE
        if attempt.outcome is Outcome.LOST:
            time.sleep(PAUSE)
    print(f"{name}: {done} of {count} acknowledged in {ATTEMPTS} attempts", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
