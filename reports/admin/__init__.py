"""The admin of the reports app: it configures templates, cycles and days off, and shows reports. States change elsewhere."""

from reports.admin import cycles, history, papers, reorganisations, reports, selections, skilful_models, successions, templates, webhooks

__all__ = [
    "cycles",
    "history",
    "papers",
    "reorganisations",
    "reports",
    "selections",
    "skilful_models",
    "successions",
    "templates",
    "webhooks",
]
