"""What someone may do and where: role × area × unit, passes, bars; one require(), one visible_to()."""
