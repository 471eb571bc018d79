"""How far a property is searched: as many times as far in the long form, `make test-faults` (FAULT_ROUNDS)."""

import os

ROUNDS = int(os.environ.get("FAULT_ROUNDS") or 1)
