"""Who makes what is ordered in the background: one for each kind of job."""

from __future__ import annotations

from reports.documents import uploads
from reports.documents.pack import make_pack
from reports.models import BackgroundJob
from reports.services.background_jobs import Maker

MAKERS: dict[str, Maker] = {
    BackgroundJob.Kind.PACK: make_pack,
    BackgroundJob.Kind.LOOK_OVER: uploads.look_over,
    BackgroundJob.Kind.APPLY: uploads.apply,
}
