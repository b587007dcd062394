"""Reads of 好差评."""

from datetime import datetime

from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from linli.dispatch.models import Rating, WorkOrder
from linli.kernel.actor import Actor
from linli.onestop import queries, reviewing
from linli.onestop.models import Application


def review_of(row: Application) -> Rating | None:
    return Rating.objects.filter(subject=row.subject).order_by("-id").first()


def reviewable(row: Application, now: datetime | None = None) -> bool:
    """Whether its applicant may be asked for a review."""
    ended = row.closed_at or row.decided_at
    return reviewing.may_review(row.state, ended, now or timezone.now()) and review_of(row) is None


def reviews_seen(viewer: Actor) -> QuerySet[Application]:
    """Reviewed cases the viewer may see, with stars, why, said, reviewed, and the answer to a bad one."""
    subject = Concat(
        Value("onestop.application:"), Cast(OuterRef("pk"), CharField()), output_field=CharField()
    )
    ratings = Rating.objects.filter(subject=subject).order_by("-id")
    looked = WorkOrder.objects.filter(subject=subject, kind=reviewing.REVIEW, state="done").order_by("-id")
    return (
        queries.applications_seen(viewer)
        .annotate(
            stars=Subquery(ratings.values("stars")[:1]),
            why=Subquery(ratings.values("reasons")[:1]),
            said=Subquery(ratings.values("text")[:1]),
            reviewed=Subquery(ratings.values("at")[:1]),
            answer=Subquery(looked.values("outcome")[:1]),
        )
        .filter(stars__isnull=False)
        .order_by("-reviewed")
    )
