"""Two requests at the same moment: real transactions."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection

from linli.kernel import Refused
from linli.kernel.files import actions
from linli.kernel.files.models import Attachment
from linli.kernel.files.tests.conftest import acting, files_under, photo, send, start

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], object]) -> list[object]:
    """Runs the acts in threads of their own; what each returned, or the exception it raised."""
    outcomes: list[object] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place: int) -> None:
        try:
            gate.wait()
            outcomes[place] = acts[place]()
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_an_upload_opened_twice_at_once_is_one(worker):
    client = uuid.uuid4()
    rows = together(*[lambda: start(acting(worker), photo(), client=client)] * 3)
    assert len({row.pk for row in rows}) == 1
    assert Attachment.objects.count() == 1


def test_a_piece_sent_twice_at_once_is_taken_once(worker):
    data = photo()
    row = start(acting(worker), data)
    rows = together(*[lambda: send(acting(worker), row, data[:1000])] * 3)
    assert [done.received for done in rows] == [1000] * 3


def test_a_finish_sent_twice_at_once_keeps_one_file(worker, folder):
    data = photo()
    row = start(acting(worker), data)
    send(acting(worker), row, data)
    rows = together(*[lambda: actions.finish(by=acting(worker), upload_id=row.key)] * 3)
    assert [done.state for done in rows] == ["ready"] * 3
    assert len(files_under(folder / "blobs")) == 1
    assert files_under(folder / "parts") == []


def test_two_matters_cannot_take_the_same_photo(worker):
    data = photo()
    row = start(acting(worker), data)
    send(acting(worker), row, data)
    actions.finish(by=acting(worker), upload_id=row.key)
    tie = actions.attach
    outcomes = together(
        lambda: tie(by=acting(worker), keys=[row.key], subject="incidents.incident:1"),
        lambda: tie(by=acting(worker), keys=[row.key], subject="incidents.incident:2"),
    )
    assert sorted(isinstance(outcome, Refused) for outcome in outcomes) == [False, True]
