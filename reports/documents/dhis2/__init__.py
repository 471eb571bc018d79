"""DHIS2's formats, and ADX: what a cycle is there, out and in (docs/exchange.md)."""
