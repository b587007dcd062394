"""The classifier learns from people's corrections, every night, in shadow; a worse model never takes over.

`training` is imported where it is used: it brings scikit-learn, which the processes that only serve do without.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from linli.incidents import catalogue
from linli.incidents.classifier import Model
from linli.incidents.models import Correction, ModelVersion
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.ledger.actions import record

# incidents.md section 4; ours, to be confirmed by a pilot.
LEAST_HELD_BACK = 20  # fewer corrections than this decide nothing
FALL_ALL, FALL_CLASS = 0.005, 0.05  # how much macro-F1 and any class may fall
FALL_NEW = 0.03  # how much the cross-checked accuracy may fall when new examples come in
LEAST_OWN = 5  # texts a class of the county's own needs: one for each part that is held out in turn
DRIFT = 2.0  # weekly corrections above this multiple of their 8-week median are a warning
WEEKS = 8
KEPT_FILES = 10  # a file is up to 10 MB and there may be one a night
Lesson = tuple[str, str]  # text, small-class code


def ensure_model() -> ModelVersion:
    """The starter, trained from the project's own examples if there is no model yet; takes some seconds once."""
    from linli.incidents import training

    row = ModelVersion.objects.filter(active=True).first()
    if row and file_of(row):
        return row
    model = training.train_starter()
    return _publish(SYSTEM, model, {"examples": model.facts["examples"], "corrections": 0}, {}, "起始模型")


def file_of(row: ModelVersion) -> Path | None:
    """The model's file, None when there is none (a worse model, an old one, a lost disk)."""
    path = Path(settings.LINLI_MODELS) / row.file if row.file else None
    return path if path and path.exists() else None


def _publish(
    by: Actor, model: Model, on: dict[str, Any], figures: dict[str, Any], verdict: str
) -> ModelVersion:
    """Saves the file first, then switches to it: a crash between leaves a stray file, never a missing one."""
    folder = Path(settings.LINLI_MODELS)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{timezone.now():%Y%m%d%H%M%S}-{secrets.token_hex(3)}.npz"
    model.save(folder / name)
    figures = {**figures, "held_out_accuracy": round(float(str(model.facts["held_out_accuracy"])), 4)}
    with transaction.atomic():
        ModelVersion.objects.filter(active=True).update(active=False)
        row = ModelVersion.objects.create(
            file=name, trained_on=on, figures=figures, verdict=verdict, active=True
        )
        fields = {"file": name, "verdict": verdict}
        record(subject=f"incidents.model:{row.pk}", verb="publish", by=by, fields=fields)
        transaction.on_commit(_switched)
    return row


def _switched() -> None:
    """The new model speaks in this process at once; files nobody would roll back to any more go."""
    catalogue.model.forget()
    with_file = ModelVersion.objects.exclude(file="").order_by("-id")
    for row in [row for row in with_file[KEPT_FILES:] if not row.active]:
        (Path(settings.LINLI_MODELS) / row.file).unlink(missing_ok=True)
        ModelVersion.objects.filter(pk=row.pk).update(file="")


def _scores(model: Model, texts: Sequence[str], labels: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Macro-F1 and F1 by class, over the classes that occur."""
    said = [model.predict(text).top[0][0] for text in texts]
    by_class = {}
    for label in sorted(set(labels)):
        hit = sum(1 for s, t in zip(said, labels, strict=True) if s == t == label)
        wanted, given = list(labels).count(label), said.count(label)
        by_class[label] = 2 * hit / (wanted + given) if wanted + given else 0.0
    return float(np.mean(list(by_class.values()))) if by_class else 0.0, by_class


def learn() -> ModelVersion | None:
    """Trains on the examples and all corrections but the newest fifth, compares on that fifth, publishes if not worse.

    Classes of the county's own are learnt from the examples written into them and from corrections. A model that is
    worse is kept as an inactive version with its card, so that the comparison can be read. Returns the version it
    wrote; None when there is too little to compare on and no new example, or nothing new since the last training and
    the active model is at hand.
    """
    from linli.incidents import training

    on, written = _stamp(), _written()
    news = "classes" in on and not ModelVersion.objects.filter(trained_on__classes=on["classes"]).exists()
    if not on or (_trained_on(on) and catalogue.model.get()):
        return None
    held, taught = _split(set(training.starter_examples()[1]), written)
    few = len(held) < LEAST_HELD_BACK
    if few and not news:
        return None
    teachable = _teachable(set(training.starter_examples()[1]), taught, written)
    lessons = taught + [(text, code) for text, code in written if code in teachable]
    fresh = training.train_starter(
        corrections=([text for text, _ in lessons], [code for _, code in lessons]),
        own={code: (row.large, row.domain) for code, row in catalogue.classes.get().items()},
    )
    on |= {"examples": int(str(fresh.facts["examples"])) - len(taught), "corrections": len(taught)}
    return _compare_in_folds(fresh, on) if few else _compare(fresh, held, on)


def _stamp() -> dict[str, int]:
    """What there is to learn from: the newest correction, and the newest class with examples written into it."""
    newest = Correction.objects.aggregate(newest=Max("id"))["newest"]
    classes = max((row.pk for row in catalogue.classes.get().values() if row.examples), default=None)
    found = {"newest": newest, "classes": classes}
    return {name: number for name, number in found.items() if number is not None}


def _trained_on(on: dict[str, int]) -> bool:
    known = ModelVersion.objects.order_by("-id").values_list("trained_on", flat=True)[:400]
    return any(all(one.get(name) == on.get(name) for name in ("newest", "classes")) for one in known)


def _written() -> list[Lesson]:
    """The examples administrators wrote into the classes in force."""
    rows = sorted(catalogue.classes.get().items())
    return [(text, code) for code, row in rows for text in row.examples if text.strip()]


def _teachable(starter: set[str], taught: Sequence[Lesson], written: Sequence[Lesson]) -> set[str]:
    """Classes with enough texts to calibrate on: the starter's, and those of the county's own."""
    texts = Counter(code for _, code in [*taught, *written])
    return starter | {code for code, number in texts.items() if number >= LEAST_OWN}


def _split(starter: set[str], written: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """The newest fifth of the usable corrections and the rest, oldest first; a retired class is wanted no more."""
    known = set(catalogue.classes.get())
    rows = Correction.objects.order_by("at", "id").values_list("text", "after")
    usable = [(text, code) for text, code in rows if code in known and text.strip()]
    older = usable[: len(usable) - len(usable) // 5]
    teachable = _teachable(starter, older, written)
    usable = [(text, code) for text, code in usable if code in teachable]
    cut = len(usable) - len(usable) // 5
    return usable[cut:], [one for one in usable[:cut] if one[1] in teachable]


def _compare_in_folds(fresh: Model, on: dict[str, Any]) -> ModelVersion:
    """Too few corrections to compare on: a model that knows new examples is taken unless, cross-checked, it knows the
    whole markedly worse."""
    row = ModelVersion.objects.filter(active=True).first()
    before = float((row.figures if row else {}).get("held_out_accuracy", 0.0))
    now = float(str(fresh.facts["held_out_accuracy"]))
    if now < before - FALL_NEW:
        figures = {"held_out_accuracy": round(now, 4), "held_out_accuracy_before": round(before, 4)}
        verdict = "学了新例句后交叉检验变差，未启用；请检查例句是否写错了类别"
        return ModelVersion.objects.create(file="", trained_on=on, figures=figures, verdict=verdict)
    return _publish(SYSTEM, fresh, on, {}, "学会了新写入的例句，已启用")


def _compare(fresh: Model, held: list[Lesson], on: dict[str, Any]) -> ModelVersion:
    kept = catalogue.model.get()
    held_texts, held_labels = [text for text, _ in held], [code for _, code in held]
    new, new_by = _scores(fresh, held_texts, held_labels)
    old, old_by = _scores(kept[1], held_texts, held_labels) if kept else (0.0, {})
    falls = sorted(code for code in old_by if old_by[code] - new_by.get(code, 0.0) > FALL_CLASS)
    figures = {
        "held_back": len(held),
        "macro_f1": round(new, 4),
        "macro_f1_before": round(old, 4),
        "classes_that_fell": falls,
    }
    if new < old - FALL_ALL or falls:
        verdict = "较现用模型差，未启用"
        return ModelVersion.objects.create(file="", trained_on=on, figures=figures, verdict=verdict)
    return _publish(SYSTEM, fresh, on, figures, "不差于现用模型，已启用")


@transaction.atomic
def roll_back(*, by: Actor, version: int) -> ModelVersion:
    """Puts an earlier model back; an administrator's act."""
    require(by, "incidents.model", area=settings.LINLI_COUNTY)
    row = ModelVersion.objects.select_for_update().filter(pk=version).first()
    if row is None or file_of(row) is None:
        raise Refused("这个版本没有可用的模型文件。", code="no_model", status=404)
    ModelVersion.objects.filter(active=True).update(active=False)
    row.active = True
    row.save(update_fields=["active"])
    record(subject=f"incidents.model:{row.pk}", verb="roll_back", by=by, fields={"file": row.file})
    transaction.on_commit(catalogue.model.forget)
    return row


def corrections_by_week(now: datetime, weeks: int = WEEKS + 1) -> list[int]:
    """How many corrections fell in each of the last `weeks` spans of seven days, oldest first; the last ends at `now`."""
    since = now - timedelta(weeks=weeks)
    moments = Correction.objects.filter(at__gt=since, at__lte=now).values_list("at", flat=True)
    counted = Counter((now - at) // timedelta(weeks=1) for at in moments)
    return [counted[age] for age in reversed(range(weeks))]


def drift(weekly: Sequence[int]) -> bool:
    """True when the last week's corrections exceed twice the median of the eight weeks before."""
    *before, last = weekly
    return len(before) >= 2 and last > DRIFT * max(median(before[-WEEKS:]), 1)
