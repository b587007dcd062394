"""Every write of the frame: filters kept, long work started, counted and ended."""

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.bus.jobs import defer
from linli.kernel.web.models import BackgroundRun, SavedFilter

MOST_FILTERS = 20
MOST_FAULTS = 200
MOST_BULK = 500


def save_filter(*, by: Actor, table: str, name: str, query: str) -> SavedFilter:
    """Keeps a list's filter under a name; the same name again replaces it."""
    if by.account is None:
        raise Refused("请先登录，再保存筛选。", code="sign_in", status=403)
    name = name.strip()
    if not name or len(name) > 30:
        raise Refused(
            "请给筛选起个名字，不超过 30 字。", code="bad_name", fields={"name": ["请填写 1–30 个字"]}
        )
    mine = SavedFilter.objects.filter(account=by.account, table=table)
    if mine.exclude(name=name).count() >= MOST_FILTERS:
        raise Refused(f"每个列表最多保存 {MOST_FILTERS} 个筛选，请先删去不用的。", code="too_many")
    kept, _ = mine.update_or_create(
        account=by.account, table=table, name=name, defaults={"query": query.lstrip("?")[:1000]}
    )
    return kept


def forget_filter(*, by: Actor, ident: int) -> None:
    SavedFilter.objects.filter(account=by.account, pk=ident).delete()


def start_run(
    *, by: Actor, code: str, title: str, job: str, total: int = 0, payload: dict | None = None, back: str = ""
) -> BackgroundRun:
    """Queues `job` (dotted name of a function in some jobs.py, called with `run=<id>`) and what watches it."""
    with transaction.atomic():
        run = BackgroundRun.objects.create(
            code=code, title=title, by=by.account, total=total, payload=payload or {}, back=back
        )
        defer(job, run=str(run.pk))
    return run


def begin_run(run: BackgroundRun, total: int) -> None:
    run.state, run.total = "running", total
    run.save(update_fields=["state", "total"])


def end_run(run: BackgroundRun, *, state: str = "done", message: str = "") -> None:
    BackgroundRun.objects.filter(pk=run.pk).update(state=state, message=message[:300], ended=timezone.now())
    run.refresh_from_db()


def count_run(run: BackgroundRun, *, done: int = 0, fault: str = "") -> None:
    """Adds to a run's counts; a fault is kept in words, the first two hundred of them."""
    failed = 1 if fault else 0
    run.done, run.failed = run.done + done, run.failed + failed
    changes: dict[str, object] = {"done": F("done") + done, "failed": F("failed") + failed}
    if fault and len(run.faults) < MOST_FAULTS:
        run.faults.append(fault[:300])
        changes["faults"] = run.faults
    BackgroundRun.objects.filter(pk=run.pk).update(**changes)


def start_bulk(*, by: Actor, code: str, title: str, job: str, ids: Iterable[str], back: str) -> BackgroundRun:
    """Queues one act for many rows; see bulk.py."""
    chosen = list(dict.fromkeys(int(one) for one in ids if str(one).isdigit()))
    if not chosen:
        raise Refused("还没有勾选。请先在列表左侧勾选要处理的行。", code="none_chosen")
    if len(chosen) > MOST_BULK:
        raise Refused(f"一次最多处理 {MOST_BULK} 行。", code="too_many")
    return start_run(
        by=by, code=code, title=title, job=job, total=len(chosen), payload={"ids": chosen}, back=back
    )


def work_through(run: BackgroundRun, act: Callable[[int], object], surprised: Callable[[int], str]) -> None:
    """Does `act` for each id of the run, each in a transaction that also counts it: a second start goes on.

    A refusal is noted and the rest goes on; `surprised(id)` gives the words for any other fault.
    """
    ids: list[int] = run.payload["ids"]
    begin_run(run, len(ids))
    for ident in ids[run.done + run.failed :]:
        try:
            with transaction.atomic():
                act(ident)
                count_run(run, done=1)
        except Refused as refused:
            run.refresh_from_db()
            count_run(run, fault=f"{ident}：{refused.message}")
        except Exception:
            run.refresh_from_db()
            count_run(run, fault=surprised(ident))
    end_run(run, message=f"完成 {run.done} 项，未完成 {run.failed} 项")


def find_run(ident: str | UUID) -> BackgroundRun:
    return BackgroundRun.objects.get(pk=ident)
