"""Real processes against the test database, as the bus tests them."""

from linli.kernel.bus.tests.conftest import child  # noqa: F401
