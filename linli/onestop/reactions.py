"""What onestop does when others have told something."""

from linli.kernel.bus.registry import reacts
from linli.onestop.actions.ending import end_for_death
from linli.people import facts as people


@reacts(people.PersonDied)
def on_person_died(fact: people.PersonDied) -> None:
    """The applicant's open cases end; a registration taken back does not raise them again."""
    if not fact.undone:
        end_for_death(person=fact.person)
