"""The small county of areas' tests, and its administrator."""

from linli.areas.tests.conftest import (  # noqa: F401  fixtures
    _fresh_atlas,
    administrator,
    county,
    roles,
    stranger,
)
