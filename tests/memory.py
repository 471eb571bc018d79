"""What a piece of work takes of memory, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

_TOLD = """
import re
print(int(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1]) // 1024)
"""


def in_a_process(program: str) -> tuple[str, int]:
    """What the program printed, and the megabytes that its process held at most."""
    done = subprocess.run([sys.executable, "-c", program + _TOLD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, _line, megabytes = done.stdout.strip().rpartition("\n")
    return said, int(megabytes)
