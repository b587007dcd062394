"""Classes a county adds itself: learnt at night from the examples written into them and from corrections."""

from typing import Any

from linli.incidents import catalogue, class_sheet, training
from linli.incidents.actions import learning
from linli.incidents.actions.catalogue import publish_class
from linli.incidents.forms_admin import ClassForm
from linli.incidents.models import IncidentClass, ModelVersion
from linli.incidents.tests.test_learning import (  # noqa: F401  fixtures
    FRAMES,
    administrator,
    corrected,
    local_words,
    models,
    starter,
)
from linli.kernel.kept import forget_all

OWN = "vil.firework"
SAID = [frame.format("花炮作坊") for frame in FRAMES]


def added(examples: list[str]) -> IncidentClass:
    fields = {"name": "私制花炮", "large": "vil", "large_name": "乡村特色", "domain": "公共安全"}
    row = publish_class(by=administrator(), code=OWN, examples=examples, **fields)
    forget_all()
    return row


def learnt(capture: Any) -> ModelVersion | None:
    with capture(execute=True):
        row = learning.learn()
    forget_all()
    return row


def top(text: str) -> str:
    found = catalogue.classify(text)
    assert found is not None
    return found[1].top[0][0]


def test_a_class_with_examples_is_known_the_next_morning(
    models: ModelVersion,  # noqa: F811
    django_capture_on_commit_callbacks: Any,
) -> None:
    added(SAID[:12])
    assert top("又看到花炮作坊") != OWN
    row = learnt(django_capture_on_commit_callbacks)
    assert row is not None and row.active and "例句" in row.verdict
    assert row.trained_on["examples"] == len(training.starter_examples()[0]) + 12
    assert top("又看到花炮作坊") == OWN
    assert learnt(django_capture_on_commit_callbacks) is None  # nothing new since


def test_four_examples_are_too_few_to_calibrate_on(
    models: ModelVersion,  # noqa: F811
    django_capture_on_commit_callbacks: Any,
) -> None:
    added(SAID[:4])
    learnt(django_capture_on_commit_callbacks)
    assert OWN not in catalogue.model.get()[1].labels  # type: ignore[index]


def test_corrections_alone_teach_a_class_too(
    models: ModelVersion,  # noqa: F811
    django_capture_on_commit_callbacks: Any,
) -> None:
    added([])
    corrected(
        [
            pair
            for both in zip(local_words()[:100], [(text, OWN) for text in SAID * 4], strict=False)
            for pair in both
        ]
    )
    row = learnt(django_capture_on_commit_callbacks)
    assert row is not None and row.active and row.figures["held_back"] >= learning.LEAST_HELD_BACK
    assert top("又看到花炮作坊") == OWN


def test_examples_that_confuse_the_whole_are_not_taken(
    models: ModelVersion,  # noqa: F811
    django_capture_on_commit_callbacks: Any,
) -> None:
    ModelVersion.objects.filter(pk=models.pk).update(figures={"held_out_accuracy": 0.99})
    texts, codes = training.starter_examples()
    added([text for text, code in zip(texts, codes, strict=True) if code == "sr.litter"][:20])
    row = learnt(django_capture_on_commit_callbacks)
    models.refresh_from_db()
    assert row is not None and not row.active and models.active and "未启用" in row.verdict
    assert learnt(django_capture_on_commit_callbacks) is None


def test_examples_travel_by_form_and_by_sheet(db: None) -> None:
    row = added(SAID[:3])
    form = ClassForm(row=row)
    assert form["examples"].value() == "\n".join(SAID[:3])
    cells = class_sheet.write_cells(row)
    assert class_sheet.read_cells(cells)["examples"] == SAID[:3]
