import pytest

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web import actions
from linli.kernel.web.models import BackgroundRun, SavedFilter

pytestmark = pytest.mark.django_db
STRANGER = Actor(None, "anonymous", "")
JOB = "linli.kernel.web.jobs.run_bulk"


def test_a_filter_saved_under_the_same_name_replaces_the_former(clerk):
    actions.save_filter(by=clerk, table="t", name="消防", query="?code=fire")
    kept = actions.save_filter(by=clerk, table="t", name=" 消防 ", query="code=road")
    assert (SavedFilter.objects.count(), kept.query) == (1, "code=road")


def test_filters_have_a_limit_for_each_list(clerk):
    for n in range(actions.MOST_FILTERS):
        actions.save_filter(by=clerk, table="t", name=f"{n}", query="a=1")
    with pytest.raises(Refused, match="最多保存"):
        actions.save_filter(by=clerk, table="t", name="再来", query="a=1")
    actions.save_filter(by=clerk, table="other", name="再来", query="a=1")


def test_a_stranger_saves_nothing_and_forgets_nothing(clerk):
    kept = actions.save_filter(by=clerk, table="t", name="消防", query="a=1")
    with pytest.raises(Refused) as refused:
        actions.save_filter(by=STRANGER, table="t", name="x", query="a=1")
    assert refused.value.status == 403
    actions.forget_filter(by=STRANGER, ident=kept.pk)
    assert SavedFilter.objects.exists()
    actions.forget_filter(by=clerk, ident=kept.pk)
    assert not SavedFilter.objects.exists()


def test_a_run_is_counted_and_ended(clerk):
    run = actions.start_run(by=clerk, code="t", title="重算", job=JOB, total=3)
    actions.begin_run(run, 3)
    assert actions.find_run(str(run.pk)).open
    actions.count_run(run, done=2)
    actions.count_run(run, fault="第 3 行：不对")
    actions.end_run(run, message="完成")
    found = BackgroundRun.objects.get()
    assert (found.state, found.done, found.failed, found.faults) == ("done", 2, 1, ["第 3 行：不对"])
    assert found.ended is not None


def test_a_run_keeps_only_so_many_faults_but_counts_them_all(clerk):
    run = actions.start_run(by=clerk, code="t", title="重算", job=JOB)
    for n in range(actions.MOST_FAULTS + 5):
        actions.count_run(run, fault=f"{n}")
    found = BackgroundRun.objects.get()
    assert (found.failed, len(found.faults)) == (actions.MOST_FAULTS + 5, actions.MOST_FAULTS)


def test_a_bulk_act_takes_each_row_once_and_not_too_many(clerk):
    run = actions.start_bulk(by=clerk, code="t", title="催办", job=JOB, ids=["3", "3", "x", "4"], back="/")
    assert run.payload == {"ids": [3, 4]}
    with pytest.raises(Refused, match="一次最多"):
        actions.start_bulk(by=clerk, code="t", title="催办", job=JOB, ids=map(str, range(501)), back="/")


def test_working_through_a_run_undoes_what_a_refused_row_wrote(clerk):
    run = actions.start_bulk(by=clerk, code="t", title="催办", job=JOB, ids=["1", "2"], back="/")

    def act(ident):
        actions.save_filter(by=clerk, table="t", name=str(ident), query="a=1")
        if ident == 2:
            raise Refused("已办结", code="closed")

    actions.work_through(run, act, str)
    assert [f.name for f in SavedFilter.objects.all()] == ["1"]
    assert (run.done, run.failed, run.message) == (1, 1, "完成 1 项，未完成 1 项")
