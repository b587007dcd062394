"""Data sources: where a department is asked, with which secret; switched off and on; asked again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.exchange import answers, queries
from linli.exchange.catalogue import asking
from linli.exchange.models import DataSource, Request
from linli.exchange.outgoing import inside_allowed
from linli.exchange.rules import sign
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record


def _own(by: Actor, code: str) -> DataSource:
    """The source, locked. Raises Refused 403 for whoever does not manage the whole county, 404."""
    require(by, queries.SOURCES, area=settings.LINLI_COUNTY)
    row = DataSource.objects.select_for_update(no_key=True).filter(code=code).first()
    if row is None:
        raise Refused("没有这个数据源。", code="no_source", status=404)
    return row


def _note(row: DataSource, verb: str, by: Actor, **fields: object) -> None:
    record(subject=f"exchange.source:{row.pk}", verb=verb, by=by, fields=fields)


@transaction.atomic
def connect_source(*, by: Actor, source: str, url: str, secret: str = "", timeout: int = 10) -> DataSource:
    """Sets where a department is asked; an empty secret keeps the present one. What waits goes to the new address.

    `source`: its code; `timeout`: seconds a call may take. Raises Refused 403, 404, 422 with every defect by field.
    """
    row = _own(by, source)
    if wrong := _wrong(row, url.strip(), secret.strip(), timeout):
        raise Refused("数据源信息有误，请按提示改正。", code="wrong_source", fields=wrong)
    before, renewed = row.url, bool(secret.strip())
    row.url, row.timeout, row.rest_until = url.strip(), timeout, None
    row.secret = secret.strip() or row.secret
    row.version += 1
    row.save(update_fields=["url", "timeout", "rest_until", "secret", "version"])
    _note(row, "connect_source", by, url=row.url, url_before=before, secret_changed=renewed)
    return row


def _wrong(row: DataSource, url: str, secret: str, timeout: int) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if faults := answers.source_faults(url, own=inside_allowed()):
        wrong["url"] = faults
    if not secret and not row.secret:
        wrong["secret"] = ["请填写数据部门给出的签名密钥"]
    elif secret and not _signs(secret):
        wrong["secret"] = ["签名密钥应以 whsec_ 开头，后面是 24 至 64 字节的 Base64"]
    if not 1 <= timeout <= 60:
        wrong["timeout"] = ["等候秒数应在 1 至 60 之间"]
    return wrong


def _signs(secret: str) -> bool:
    try:
        sign(secret, "-", 0, "")
    except ValueError:
        return False
    return 24 <= (len(secret) - 6) * 3 // 4 - secret.count("=") <= 64


@transaction.atomic
def switch_source_off(*, by: Actor, source: str, reason: str) -> DataSource:
    """Nobody asks there any more: the worker tells every waiting look-up, so that applicants may upload."""
    row = _own(by, source)
    if not reason.strip():
        raise Refused("请填写停用原因。", code="no_reason", fields={"reason": ["请填写停用原因"]})
    if not row.active:
        raise Refused("该数据源已经停用。", code="already_off", status=409)
    row.active, row.off_reason, row.version = False, reason.strip()[:200], row.version + 1
    row.save(update_fields=["active", "off_reason", "version"])
    _note(row, "switch_source_off", by, reason=row.off_reason)
    return row


@transaction.atomic
def switch_source_on(*, by: Actor, source: str) -> DataSource:
    """Look-ups from now on are asked; those that failed meanwhile when they are asked again. Raises Refused 409."""
    row = _own(by, source)
    if row.active:
        raise Refused("该数据源已经启用。", code="already_on", status=409)
    if not row.url or not row.secret:
        raise Refused("请先填写接口网址和签名密钥。", code="not_connected", status=409)
    row.active, row.off_reason, row.failing_since, row.rest_until = True, "", None, None
    row.version += 1
    row.save(update_fields=["active", "off_reason", "failing_since", "rest_until", "version"])
    _note(row, "switch_source_on", by)
    return row


@transaction.atomic
def try_source(*, by: Actor, source: str, now: datetime | None = None) -> DataSource:
    """Queues a test call that names nobody; the worker makes it within seconds, whether the source is on or off."""
    row = _own(by, source)
    if not row.url or not row.secret:
        raise Refused("请先填写接口网址和签名密钥。", code="not_connected", status=409)
    row.test_wanted = now or timezone.now()
    row.save(update_fields=["test_wanted"])
    _note(row, "try_source", by)
    return row


@transaction.atomic
def ask_again(
    *, by: Actor, source: str, requests: Sequence[int] | None = None, now: datetime | None = None
) -> int:
    """Asks once more, under their own numbers: all that failed or timed out (None), or those named. Returns how many.

    Raises Refused 403, 404, 409 when the source is off or nothing of what was named can be asked again.
    """
    row = _own(by, source)
    if not row.active:
        raise Refused("该数据源已停用，请先启用。", code="source_off", status=409)
    rows = Request.objects.filter(source=row, state__in=["failed", "timed_out"])
    if requests is not None:
        rows = rows.filter(pk__in=list(requests))
    at, limits = now or timezone.now(), asking()
    count = rows.update(
        state="waiting", attempts=0, next_try_at=at, ask_until=at + timedelta(seconds=limits.wait),
        late_until=at + timedelta(hours=limits.late_hours),
    )  # fmt: skip
    if not count:
        raise Refused("没有可以重新查询的请求。", code="nothing_to_ask", status=409)
    DataSource.objects.filter(pk=row.pk).update(rest_until=None)
    _note(row, "ask_again", by, requests=count)
    return count
