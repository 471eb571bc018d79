"""The demo's data: real units, invented hamlets and figures, three cycles. `manage.py demo` loads it."""

from reports.demo.accounts import Account
from reports.demo.loading import load_demo

__all__ = ["Account", "load_demo"]
