"""Configuration as tables: they leave as CSV or as a workbook, and come back the same (docs/interfaces.md)."""
