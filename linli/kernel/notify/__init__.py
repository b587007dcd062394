"""A message to a person: what it says, by which channel, whether it arrived; quiet at night unless it is urgent."""
