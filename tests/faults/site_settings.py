"""The project's settings as the fault suite's processes have them: a clock that the suite sets, and a schedule without long waits.

CLOCK_AHEAD is how many seconds the site's clock is ahead of the machine's (behind it, when negative): so a week passes at once,
and no test depends on the day on which it is run.
"""

import os
import time

import time_machine

from danvan.settings import *  # noqa: F403
from danvan.settings import CELERY_BEAT_SCHEDULE, STORAGES

#: of every task that is not named here, five
SECONDS = {"sweep": 1, "drain_rollups": 1, "remind": 2}
for _name, _entry in CELERY_BEAT_SCHEDULE.items():
    _entry.update(schedule=SECONDS.get(_name, 5), options={"expires": SECONDS.get(_name, 5)})

STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

time_machine.travel(time.time() + float(os.environ["CLOCK_AHEAD"]), tick=True).start()
time.time()  # the clock stands until it is first looked at
