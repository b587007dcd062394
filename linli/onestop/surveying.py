"""What a home survey asks, and which records wait for a signature."""

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from linli.kernel.actor import Actor
from linli.onestop.models import Survey

# 民发〔2021〕57号 第 15、16 条：共同生活的人、收入、财产、支出，居住和生活状况
QUESTIONS = (
    ("people", "共同生活的人"),
    ("housing", "住房和家里的东西"),
    ("income", "靠什么生活，有哪些收入"),
    ("health", "健康和劳动能力"),
    ("spending", "主要的开支"),
    ("others", "邻里怎么说，其他情况"),
)
WORDS = dict(QUESTIONS)


def answers_of(data: Mapping[str, Any]) -> dict[str, str]:
    """What a form or a phone says: a record as it is, else the questions that were answered, by their words."""
    told = data.get("answers")
    if isinstance(told, dict) and told:
        return {str(name)[:64]: str(said)[:2000] for name, said in told.items()}
    return {WORDS[name]: str(data[name])[:2000] for name in WORDS if str(data.get(name) or "").strip()}


def read_answers(survey: Survey) -> dict[str, str]:
    return dict(json.loads(survey.answers)) if survey.answers else {}


def to_sign(viewer: Actor) -> QuerySet[Survey]:
    """Records that wait for the viewer's signature, the oldest first."""
    rows = Survey.objects.filter(
        second=viewer.account or 0, second_signed_at=None, first_signed_at__isnull=False, task__state="open"
    )
    return rows.select_related("task", "task__application", "task__application__item", "first").order_by(
        "first_signed_at"
    )
