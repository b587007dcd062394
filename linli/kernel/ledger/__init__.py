"""Append-only record of who did what, ordered into an RFC 6962 tree without making writers wait."""
