"""How notices, postings and objections are titled and linked from other rooms; nothing names whom they are about."""

from linli.kernel.actor import Actor
from linli.kernel.web.subjects import Subject
from linli.publicity import queries
from linli.publicity.models import Notice, Objection, Posting


def _title(number: int, viewer: Actor) -> str:
    row = Notice.objects.filter(pk=number).first()
    return f"{row.title} {row.number}" if row else "已删除的公示"


def _seen(number: int, viewer: Actor) -> bool:
    return f"publicity.notice:{number}" not in viewer.bars and queries.seen(viewer).filter(pk=number).exists()


def _posting_notice(number: int) -> int:
    return Posting.objects.filter(pk=number).values_list("notice", flat=True).first() or 0


def _posting_title(number: int, viewer: Actor) -> str:
    row = Posting.objects.select_related("notice").filter(pk=number).first()
    return f"{row.notice.title}：{row.place}" if row else "已删除的张贴"


def _ruled(number: int, viewer: Actor) -> bool:
    row = Objection.objects.select_related("notice").filter(pk=number).first()
    return row is not None and queries.may_rule(viewer, row.notice)


def _notice_url(number: int, viewer: Actor) -> str:
    return f"/publicity/desk/{number}/" if _seen(number, viewer) else f"/publicity/{number}/"


NOTICE = Subject("publicity.notice", _title, _notice_url, _seen)
POSTING = Subject(
    "publicity.posting",
    _posting_title,
    lambda number, viewer: _notice_url(_posting_notice(number), viewer),
    lambda number, viewer: _seen(_posting_notice(number), viewer),
)
OBJECTION = Subject(
    "publicity.objection",
    lambda number, viewer: "公示异议",
    lambda number, viewer: f"/publicity/objections/{number}/",
    _ruled,
)
