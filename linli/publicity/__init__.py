"""Publicity (公示): what must be shown to everybody before it counts, in every room: notices with whitelisted and masked
fields, posting with photographs, days counted, objections heard and answered."""
