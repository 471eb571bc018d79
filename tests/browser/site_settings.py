"""The project's settings as the browser tests' site has them: a clock that starts at a moment of the suite's.

CLOCK_AHEAD is what that moment lies after the real one, in seconds: the demo looks the same on whatever day the tests are
run, and all processes of a site have one clock, whenever each of them was started.
"""

import os
import time

import time_machine

from danvan.settings import *  # noqa: F403
from tests.channels import SMS_OF_TESTS

CHANNELS = SMS_OF_TESTS
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

time_machine.travel(time.time() + float(os.environ["CLOCK_AHEAD"]), tick=True).start()
time.time()  # the clock stands until it is first looked at
