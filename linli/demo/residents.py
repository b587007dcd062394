"""A few made-up households of the demo town: whom a visitor serves at the window, and the one they sign in as."""

from datetime import date, timedelta

from linli.demo.names import identity_of, name_of
from linli.kernel.actor import SYSTEM
from linli.kernel.identity.models import Account
from linli.people import actions as people
from linli.people.models import Person

GRID = "430181001001001"
RESIDENT = "resident"  # the account a visitor signs in to by phone
# household -> (key, age, relation, phone); the first of each is its head
HOMES: dict[str, list[tuple[str, int, str, str]]] = {
    "演示路 1 号": [("old", 68, "户主", "13800000001"), ("wife", 64, "配偶", "")],
    "演示路 2 号": [("fit", 40, "户主", "13800000012")],
    "演示路 3 号": [("aged", 79, "户主", "13800000013")],
    "演示路 4 号": [("ill", 57, "户主", "13800000014"), ("son", 16, "子", "")],
    "演示路 5 号": [("lame", 61, "户主", "13800000015"), ("lame-wife", 60, "配偶", "")],
    "演示路 6 号": [("flood", 45, "户主", "13800000016")],
    "演示路 7 号": [("again", 52, "户主", "13800000017")],
}
SOON = timedelta(days=25)  # until the aged one turns 80


def born(age: int, today: date, soon: bool = False) -> date:
    """A birthday that gives this age all through the demo; `soon`: the next one falls in a few weeks."""
    if soon:
        turns = today + SOON
        return date(turns.year - age - 1, turns.month, min(turns.day, 28))
    half = today - timedelta(days=180)
    return date(half.year - age, half.month, min(half.day, 28))


def settle_in(today: date) -> dict[str, Person]:
    """Registers everybody through the real actions, with their authorisation for look-ups; key -> person."""
    found: dict[str, Person] = {}
    for address, members in HOMES.items():
        home = people.add_household(by=SYSTEM, address=address, area=GRID, demo=True)
        for key, age, relation, phone in members:
            day = born(age, today, soon=key == "aged")
            number = identity_of(key, day)
            found[key] = people.register_person(
                by=SYSTEM, household=home.pk, name=name_of(f"person-{key}"), number=number, phone=phone,
                relation=relation, since=today.replace(day=1), how="demo", demo=True,
            )  # fmt: skip
            minor = age < 18
            people.give_consent(
                by=SYSTEM, person=found[key].pk, purpose="onestop.check", evidence="演示：现场签署",
                given_by="guardian" if minor else "self",
            )  # fmt: skip
    people.link_account(by=SYSTEM, person=found["old"].pk, account=Account.objects.get(username=RESIDENT).pk)
    return found


def known(key: str) -> Person | None:
    """The demo person of a key; None in a demo county of before, or when they are gone. Names are sealed: all are read."""
    rows = Person.objects.filter(demo=True, died=None, merged_into=None)
    return next((one for one in rows if one.name == name_of(f"person-{key}")), None)
