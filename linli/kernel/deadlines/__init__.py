"""Clocks of duty: how long a unit has, counted in working days, duty hours or round the clock, and how
those days are known (State Council calendar, local corrections, local duty hours)."""
