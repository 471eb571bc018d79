"""`python -m tests.faults.remind MOMENT`: plans and sends reminders as the task does, as a process that can be killed."""

from __future__ import annotations

import sys
from datetime import datetime

import django

if __name__ == "__main__":
    django.setup()
    from reports.services.reminding import plan_reminders, send_reminders

    moment = datetime.fromisoformat(sys.argv[1])
    plan_reminders(moment)
    send_reminders(moment)
