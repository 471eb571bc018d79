"""The project's settings as the browser tests' site has them: a clock that starts at a moment of the suite's.

CLOCK_STARTS_AT is that moment in seconds since 1970, so that the demo looks the same on whatever day the tests are run.
"""

import os

import time_machine

from danvan.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

time_machine.travel(float(os.environ["CLOCK_STARTS_AT"]), tick=True).start()
