"""Facts told after commit, delivered at least once, handled once; the live stream to browsers."""
