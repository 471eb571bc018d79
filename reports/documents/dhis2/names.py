"""Who is who between a cycle and DHIS2: of its units, its indicators and its data set, by code and by id."""

from __future__ import annotations

from functools import cached_property

from django.db.models import QuerySet

from reports.documents.dhis2.identifiers import Kind, data_element_code, data_set_code, id_of, is_id, unit_id
from reports.documents.dhis2.periods import dhis_period
from reports.models import Cycle, Report


class Names:
    """The names of a cycle's things in DHIS2. Raises Refused where its period has none there."""

    def __init__(self, cycle: Cycle) -> None:
        self.template = cycle.version.compiled()
        self.period = dhis_period(cycle.period)
        self._template_code = cycle.version.template.code
        self.data_set = data_set_code(self._template_code, self.period.type)

    def data_element(self, indicator: str) -> str:
        """The code of an indicator's data element, and of what else is made of it: its option set, or DHIS2's indicator."""
        return data_element_code(self._template_code, indicator)

    def data_element_id(self, indicator: str) -> str:
        return id_of(Kind.DATA_ELEMENT, self.data_element(indicator))

    @property
    def data_set_id(self) -> str:
        return id_of(Kind.DATA_SET, self.data_set)


class Sought(Names):
    """The same the other way: whose identifier it is that a file names, a code or an id. Units are those of `reports`."""

    def __init__(self, cycle: Cycle, reports: QuerySet[Report]) -> None:
        super().__init__(cycle)
        self._reports = reports.filter(cycle=cycle).order_by()

    @cached_property
    def indicators(self) -> dict[str, str]:
        """The code of an indicator by every identifier of its data element."""
        codes = list(self.template.by_code)
        by_code = {self.data_element(code): code for code in codes}
        return dict(zip(codes, codes, strict=True)) | by_code | {self.data_element_id(code): code for code in codes}

    @cached_property
    def _units_by_id(self) -> dict[str, str]:
        uids = self._reports.values_list("unit__uid", flat=True)
        return {unit_id(uid): uid for uid in uids.iterator(chunk_size=5000)}

    def unit(self, named: str) -> str:
        """The uid of the unit that is named by code or id; what no unit is called, as it is."""
        return self._units_by_id.get(named, named) if is_id(named) else named

    def is_data_set(self, named: str) -> bool:
        return named in (self.data_set, self.data_set_id)
