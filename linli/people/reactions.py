"""What people does when another room has told something."""

from linli.areas import queries as areas
from linli.areas.facts import BoundaryChanged
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.registry import reacts
from linli.people.actions import relocate


@reacts(BoundaryChanged)
def on_boundary_changed(fact: BoundaryChanged) -> None:
    """Dwellings follow their point into the grid it now lies in; this worker first reads the new borders."""
    areas.look_again()
    relocate(by=SYSTEM, area=fact.area)
