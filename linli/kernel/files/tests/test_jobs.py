import pytest
from django.utils import timezone

from linli.kernel.bus.registry import timers
from linli.kernel.files import store
from linli.kernel.files.jobs import destroy_old, make_thumbnails
from linli.kernel.files.models import Attachment
from linli.kernel.files.tests.conftest import acting, photo, upload

pytestmark = pytest.mark.django_db


def test_the_job_makes_every_size(worker):
    row = upload(acting(worker), photo())
    make_thumbnails(attachment=row.pk)
    assert all(store.thumb_path(row.stored, size).exists() for size in (320, 1280))
    make_thumbnails(attachment=0)


def test_a_file_gone_from_the_disk_stops_no_worker(worker):
    row = upload(acting(worker), photo())
    store.remove(row.stored, ())
    make_thumbnails(attachment=row.pk)
    assert not store.thumb_path(row.stored, 320).exists()


def test_a_finished_upload_queues_its_thumbnails(worker):
    from procrastinate.contrib.django.models import ProcrastinateJob

    row = upload(acting(worker), photo())
    job = ProcrastinateJob.objects.get(task_name="bus.run")
    assert job.args["function"] == "linli.kernel.files.jobs.make_thumbnails"
    assert job.args["arguments"] == {"attachment": row.pk}


def test_every_night_what_is_over_its_time_is_destroyed(worker):
    upload(acting(worker), photo())
    Attachment.objects.update(retention_until=timezone.now())
    assert destroy_old() == 1
    assert {timer.name: timer.at for timer in timers()}["linli.kernel.files.jobs.destroy_old"] == "03:40"
