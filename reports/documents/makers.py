"""Who makes what is ordered in the background: one for each kind of job."""

from __future__ import annotations

from reports.services.background_jobs import Maker

MAKERS: dict[str, Maker] = {}
