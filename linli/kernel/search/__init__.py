"""Finding Chinese text: one way of cutting it into pairs of characters, one indexed column, one way to ask."""
