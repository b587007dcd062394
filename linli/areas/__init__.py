"""Where things are and who looks after them: county, town, village or community, grid (四级网格).

Boundaries are imported and reviewed here, a point is turned into its grid here, and here stands which party
branch, unit and grid worker keeps which grid.
"""
