from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts import idle


@shared_task(name="accounts.tasks.disable_idle_accounts")
def disable_idle_accounts() -> None:
    """Disable the accounts that nobody uses. Running it twice changes nothing."""
    idle.disable_idle(timezone.now())
