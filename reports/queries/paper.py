"""What a unit's paper looks like: each setting from the nearest unit at or above it that has one."""

from __future__ import annotations

from dataclasses import dataclass

from reports.models import DocumentTemplate, PaperStyle, Report
from units.models import Unit
from units.tree import ancestors_of


@dataclass(frozen=True, slots=True)
class Paper:
    """The settings, with nothing left to inherit and names filled in."""

    layout: PaperStyle.Layout
    superior_name: str
    issuer_name: str
    symbol: str
    place_name: str
    authority: str
    post: str
    signer: str
    recipients: list[str]
    template: DocumentTemplate | None


def paper_of(report: Report) -> Paper:
    """How the report's unit writes. Two queries. Names are as they are stored, and nothing is made up for what nobody has set."""
    unit, superior = report.unit, report.superior.unit if report.superior else None
    above = [*ancestors_of(unit), unit]
    styles = {style.unit_id: style for style in PaperStyle.objects.filter(unit__in=[each.pk for each in above]).select_related("template")}
    nearest = [styles[each.pk] for each in reversed(above) if each.pk in styles]

    def said(name: str) -> str:
        text = next((str(getattr(style, name)) for style in nearest if getattr(style, name)), "")
        return _filled(text, unit, superior)

    recipients = [line.strip() for line in said("recipients").splitlines() if line.strip()]
    return Paper(
        layout=PaperStyle.Layout(said("layout") or PaperStyle.Layout.PARTY),
        superior_name=said("superior_name") or (superior.name if superior else ""),
        issuer_name=said("issuer_name") or unit.name,
        symbol=said("symbol"),
        place_name=said("place_name") or unit.name,
        authority=said("authority"),
        post=said("post"),
        signer=said("signer"),
        recipients=recipients or [*([superior.name] if superior else []), "Lưu."],
        template=next((style.template for style in nearest if style.template), None),
    )


def _filled(text: str, unit: Unit, superior: Unit | None) -> str:
    return text.replace("{unit}", unit.name).replace("{superior}", superior.name if superior else "")
