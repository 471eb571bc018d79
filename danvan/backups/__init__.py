"""Backups: one encrypted file with the database and the files that it refers to, and the way back (docs/operation.md)."""
