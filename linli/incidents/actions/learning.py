"""The classifier learns from people's corrections, every night, in shadow; a worse model never takes over."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.incidents import catalogue, training
from linli.incidents.classifier import Model
from linli.incidents.models import Correction, ModelVersion
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.ledger.actions import record

LEAST_HELD_BACK = 20  # fewer corrections than this decide nothing
FALL_ALL, FALL_CLASS = 0.005, 0.05  # how much macro-F1 and any class may fall (incidents.md section 4)
DRIFT = 2.0  # weekly corrections above this multiple of their 8-week median are a warning


def ensure_model() -> ModelVersion:
    """The starter, trained from the project's own examples if there is no model yet; takes some seconds once."""
    row = ModelVersion.objects.filter(active=True).first()
    if row and (Path(settings.LINLI_MODELS) / row.file).exists():
        return row
    model = training.train_starter()
    return _publish(
        by=SYSTEM,
        model=model,
        on={"examples": model.facts["examples"], "corrections": 0},
        figures={},
        verdict="起始模型",
    )


def _publish(
    by: Actor, model: Model, on: dict[str, Any], figures: dict[str, Any], verdict: str
) -> ModelVersion:
    folder = Path(settings.LINLI_MODELS)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{timezone.now():%Y%m%d%H%M%S}-{secrets.token_hex(3)}.npz"
    model.save(folder / name)
    with transaction.atomic():
        ModelVersion.objects.filter(active=True).update(active=False)
        row = ModelVersion.objects.create(
            file=name,
            trained_on=on,
            figures={**figures, "held_out_accuracy": round(float(str(model.facts["held_out_accuracy"])), 4)},
            verdict=verdict,
            active=True,
        )
        record(
            subject=f"incidents.model:{row.pk}",
            verb="publish",
            by=by,
            fields={"file": name, "verdict": verdict},
        )
    catalogue.model.forget()
    return row


def _scores(model: Model, texts: Sequence[str], labels: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Macro-F1 and F1 by class, over the classes that occur."""
    said = [model.predict(text).top[0][0] for text in texts]
    by_class = {}
    for label in sorted(set(labels)):
        hit = sum(1 for s, t in zip(said, labels, strict=True) if s == t == label)
        wanted, given = (
            labels.count(label) if isinstance(labels, list) else list(labels).count(label),
            said.count(label),
        )
        by_class[label] = 2 * hit / (wanted + given) if wanted + given else 0.0
    return float(np.mean(list(by_class.values()))) if by_class else 0.0, by_class


def learn() -> ModelVersion | None:
    """Trains on the examples and all corrections but the newest fifth, compares on that fifth, publishes if not worse.

    A model that is worse is kept as an inactive version with its card, so that the comparison can be read.
    Returns the version it wrote, None when there are too few corrections.
    """
    corrections = list(Correction.objects.order_by("at").values_list("text", "after"))
    known = set(catalogue.classes.get())
    corrections = [(text, code) for text, code in corrections if code in known and text.strip()]
    held = corrections[-(len(corrections) // 5) :] if len(corrections) >= 5 else []
    if len(held) < LEAST_HELD_BACK:
        return None
    taught = corrections[: -len(held)]
    texts, labels = training.starter_examples()
    fresh = training.train(
        [*texts, *(text for text, _ in taught)],
        [*labels, *(code for _, code in taught)],
        0,
        groups=training.large_classes(),
        cues=training.starter_cues(),
        recipe=training.Recipe(least=1, soften=0, bayes=0),
    )
    return _compare(fresh, held, len(texts), len(taught))


def _compare(fresh: Model, held: list[tuple[str, str]], examples: int, taught: int) -> ModelVersion:
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
    on = {"examples": examples, "corrections": taught}
    if new < old - FALL_ALL or falls:
        return ModelVersion.objects.create(
            file="", trained_on=on, figures=figures, verdict="较现用模型差，未启用"
        )
    return _publish(SYSTEM, fresh, on, figures, "不差于现用模型，已启用")


@transaction.atomic
def roll_back(*, by: Actor, version: int) -> ModelVersion:
    """Puts an earlier model back; an administrator's act."""
    require(by, "incidents.model")
    row = ModelVersion.objects.select_for_update().filter(pk=version).first()
    if row is None or not row.file or not (Path(settings.LINLI_MODELS) / row.file).exists():
        raise Refused("这个版本没有可用的模型文件。", code="no_model", status=404)
    ModelVersion.objects.filter(active=True).update(active=False)
    row.active = True
    row.save(update_fields=["active"])
    record(subject=f"incidents.model:{row.pk}", verb="roll_back", by=by, fields={"file": row.file})
    transaction.on_commit(catalogue.model.forget)
    return row


def drift(weekly: Sequence[int]) -> bool:
    """True when the last week's corrections exceed twice the median of the eight weeks before."""
    *before, last = weekly
    past = sorted(before[-8:])
    if len(past) < 2:
        return False
    middle = past[len(past) // 2] if len(past) % 2 else (past[len(past) // 2 - 1] + past[len(past) // 2]) / 2
    return last > DRIFT * max(middle, 1)
