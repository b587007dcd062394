from linli.kernel.web import subjects


def test_other_rooms_show_masked_titles_and_strangers_none(worker, stranger, home, wang):
    home.refresh_from_db()
    person, household = f"people.person:{wang.pk}", f"people.household:{home.pk}"
    assert subjects.title(person, worker) == "王**" and subjects.title(household, worker) == "王**户"
    assert subjects.may_see(person, worker) and subjects.may_see(household, worker)
    assert subjects.url(person, worker) == f"/people/persons/{wang.pk}/"
    assert subjects.url(household, worker) == f"/people/households/{home.pk}/"
    assert (
        subjects.title(person, stranger) == "一位居民" and subjects.title(household, stranger) == "一户居民"
    )
    assert not subjects.may_see(person, stranger) and not subjects.may_see(household, stranger)
