"""The classifier learns from corrections at night, takes over only when not worse, and can be put back."""

import shutil
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from linli.incidents import actions, catalogue, jobs, training
from linli.incidents.actions import learning
from linli.incidents.models import Correction, Incident, IncidentClass, ModelVersion
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for, anonymous
from linli.kernel.actor import Actor
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.kernel.ledger.models import Entry

# Names only this (made-up) place uses; nothing in the shipped examples tells what they stand for.
LOCAL = {
    "sr.litter": "葫芦坳", "fac.streetlight": "甲乙庐", "env.noise": "鼎鼎昌", "trf.courier": "飞蓬渡", "edu.training": "墨香阁",
}  # fmt: skip
FRAMES = [
    "{}又出毛病了", "来看看{}", "{}没人管", "{}怎么还是老样子", "反映一下{}", "{}的事拖了很久", "关于{}", "{}", "请处理{}", "{}今天又来了",
    "大家都在说{}", "昨晚{}", "{}不像话", "希望解决{}", "还是{}的问题", "{}一直这样", "门口{}", "路过{}", "{}该管管了", "请看{}",
    "村里{}", "孩子说{}", "{}又犯了", "老人提到{}", "说的是{}", "{}几天了", "上次说过{}", "{}没变", "再说{}", "早上{}",
]  # fmt: skip


EXAMPLES, CUES = training.starter_examples(), training.starter_cues()


def few(pairs: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and codes of eight classes only: learning is the same and takes a second."""
    kept = [
        (text, code)
        for text, code in zip(*pairs, strict=True)
        if code in {*LOCAL, "saf.dog", "fac.road", "lab.wages"}
    ]
    return tuple(text for text, _ in kept), tuple(code for _, code in kept)


def shorten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(training, "starter_examples", lambda: few(EXAMPLES))
    patch.setattr(training, "starter_cues", lambda: few(CUES))


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trained starter for the whole run, as the file it is served from."""
    path = tmp_path_factory.mktemp("starter") / "starter.npz"
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        training.train_starter().save(path)
    return path


@pytest.fixture
def models(
    starter: Path, tmp_path: Path, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> ModelVersion:
    """The starter at work, in a folder of the test's own."""
    shorten(monkeypatch)
    settings.LINLI_MODELS = tmp_path
    forget_all()
    return version("first.npz", starter, active=True)


def version(name: str, source: Path, **fields: Any) -> ModelVersion:
    from django.conf import settings

    shutil.copy(source, Path(settings.LINLI_MODELS) / name)
    return ModelVersion.objects.create(file=name, verdict="起始模型", trained_on={"examples": 1595}, **fields)


def case(**fields: Any) -> Incident:
    now = timezone.now()
    return Incident.objects.create(title="事", text="事", received_at=now, due_at=now, **fields)


def corrected(pairs: list[tuple[str, str]]) -> None:
    """Corrections in this order, oldest first."""
    one = case()
    Correction.objects.bulk_create(Correction(incident=one, text=text, after=code) for text, code in pairs)


def local_words() -> list[tuple[str, str]]:
    return [(frame.format(word), code) for frame in FRAMES for code, word in LOCAL.items()]


def administrator() -> Actor:
    account = Account.objects.create(username="admin-model", name="周管理", kind="staff")
    Grant.objects.create(account=account, role_id="administrator", area="430181")
    return actor_for(account.pk, name=account.name)


# learning


def test_a_model_that_learnt_the_places_words_takes_over(
    models: ModelVersion, django_capture_on_commit_callbacks: Any
) -> None:
    pairs = local_words()
    assert len(pairs) >= 120
    corrected(pairs)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.learn_from_corrections()
    row = ModelVersion.objects.get(active=True)
    models.refresh_from_db()
    assert row != models and not models.active and learning.file_of(row) and learning.file_of(models)
    assert (
        row.figures["macro_f1"] > 0.9 > 0.5 > row.figures["macro_f1_before"]
        and row.figures["held_back"] == 30
    )
    assert row.trained_on == {
        "examples": len(training.starter_examples()[0]),
        "corrections": 120,
        "newest": Correction.objects.latest("id").pk,
    }
    found = catalogue.classify("今天的葫芦坳")
    assert found and found[0] == row.pk and found[1].top[0][0] == "sr.litter"
    assert Entry.objects.filter(subject=f"incidents.model:{row.pk}", verb="publish").exists()
    assert learning.learn() is None, "nothing new to learn from, so no second training"


def test_a_model_taught_wrongly_is_kept_as_a_card_only(
    models: ModelVersion, django_capture_on_commit_callbacks: Any
) -> None:
    texts, codes = training.starter_examples()
    right = [(text, code) for text, code in zip(texts, codes, strict=True) if code in LOCAL]
    after = dict(zip(LOCAL, [*list(LOCAL)[1:], next(iter(LOCAL))], strict=True))
    wrong = [(text, after[code]) for text, code in right]
    held = right[:: len(right) // 31][:30]
    taught = (wrong * 5)[:125]
    corrected([*taught, *held])
    with django_capture_on_commit_callbacks(execute=True):
        row = learning.learn()
    models.refresh_from_db()
    assert row and (row.active, row.file) == (False, "") and models.active
    assert row.figures["classes_that_fell"] and row.figures["macro_f1"] < row.figures["macro_f1_before"]
    assert "未启用" in row.verdict
    assert list(Path(learning.settings.LINLI_MODELS).iterdir()) == [learning.file_of(models)]


def test_too_few_corrections_and_those_of_retired_or_unknown_classes_decide_nothing(
    models: ModelVersion,
) -> None:
    assert learning.learn() is None
    IncidentClass.objects.filter(code="sr.litter").update(active=False)
    corrected(
        [(text, "sr.litter") for text, _ in local_words()]
        + [(text, "own.class") for text, _ in local_words()]
        + local_words()[:90]
    )
    forget_all()
    assert learning.learn() is None
    assert ModelVersion.objects.count() == 1


def test_a_persons_re_class_becomes_a_correction(town: Town) -> None:
    said = Telling(
        text="葫芦坳又这样",
        sender="device:5",
        client_uuid=uuid.uuid4(),
        lon=LON,
        lat=LAT,
        class_said="env.noise",
    )
    number = actions.report_incident(by=anonymous(), telling=said).incident
    actions.reclass_incident(by=town.clerk, incident=number, class_code="sr.litter")
    row = Correction.objects.get()
    assert (row.text, row.before, row.after, row.by_id) == (
        "葫芦坳又这样",
        "env.noise",
        "sr.litter",
        town.clerk.account,
    )


# serving and rolling back


def test_an_earlier_model_is_put_back(
    models: ModelVersion, starter: Path, django_capture_on_commit_callbacks: Any
) -> None:
    models.active = False
    models.save()
    newer = version("second.npz", starter, active=True)
    assert catalogue.classify("路灯不亮")[0] == newer.pk  # type: ignore[index]
    with django_capture_on_commit_callbacks(execute=True):
        learning.roll_back(by=administrator(), version=models.pk)
    assert catalogue.classify("路灯不亮")[0] == models.pk  # type: ignore[index]
    assert ModelVersion.objects.get(active=True) == models
    assert Entry.objects.filter(subject=f"incidents.model:{models.pk}", verb="roll_back").exists()


def test_a_card_without_a_file_cannot_be_put_back(models: ModelVersion) -> None:
    by = administrator()
    for file in ("", "gone.npz"):
        row = ModelVersion.objects.create(file=file, verdict="较现用模型差，未启用")
        with pytest.raises(Refused) as refused:
            learning.roll_back(by=by, version=row.pk)
        assert refused.value.status == 404
    models.refresh_from_db()
    assert models.active


def test_a_stranger_puts_no_model_back(models: ModelVersion, town: Town) -> None:
    for actor in (town.chief, town.clerk, town.far, anonymous()):
        with pytest.raises(Refused) as refused:
            learning.roll_back(by=actor, version=models.pk)
        assert refused.value.status == 403


def test_without_its_file_the_model_is_silent_and_a_clerk_decides(models: ModelVersion, town: Town) -> None:
    said = {"text": "路灯坏了好几天，晚上漆黑一片", "lon": LON, "lat": LAT}
    number = actions.report_incident(
        by=anonymous(), telling=Telling(**said, sender="device:6", client_uuid=uuid.uuid4())
    ).incident
    assert Incident.objects.get(pk=number).guess["model"] == models.pk
    path = learning.file_of(models)
    assert path
    path.unlink()
    forget_all()
    assert catalogue.classify(said["text"]) is None
    receipt = actions.report_incident(
        by=anonymous(), telling=Telling(**said, sender="device:7", client_uuid=uuid.uuid4())
    )
    row = Incident.objects.get(pk=receipt.incident)
    assert (row.state, row.class_code) == ("reported", "") and "model" not in row.guess


def test_a_file_that_cannot_be_read_is_no_reason_to_lose_a_report(
    models: ModelVersion, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = catalogue.model.get()
    assert kept
    monkeypatch.setattr(type(kept[1]), "predict", lambda self, text: 1 / 0)
    said = Telling(text="路灯坏了好几天", sender="device:8", client_uuid=uuid.uuid4(), lon=LON, lat=LAT)
    assert actions.report_incident(by=anonymous(), telling=said).state == "reported"


def test_the_starter_is_trained_only_where_no_model_stands(
    models: ModelVersion, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linli.incidents.classifier import Model

    monkeypatch.setattr(training, "train_starter", lambda: Model.load(starter))
    assert learning.ensure_model() == models
    (Path(learning.settings.LINLI_MODELS) / models.file).unlink()
    forget_all()
    jobs.learn_from_corrections()
    fresh = ModelVersion.objects.get(active=True)
    assert fresh != models and fresh.active and fresh.verdict == "起始模型" and learning.file_of(fresh)


def test_old_files_go_but_never_the_one_at_work(models: ModelVersion, starter: Path) -> None:
    later = [version(f"m{n}.npz", starter) for n in range(learning.KEPT_FILES + 2)]
    learning._switched()
    files = {path.name for path in Path(learning.settings.LINLI_MODELS).iterdir()}
    assert files == {models.file, *(row.file for row in later[2:])}
    assert ModelVersion.objects.get(pk=later[0].pk).file == ""


# drift


def test_twice_the_usual_corrections_are_drift() -> None:
    assert learning.drift([4, 5, 5, 4, 5, 6, 5, 5, 11])
    assert not learning.drift([4, 5, 5, 4, 5, 6, 5, 5, 10])
    assert not learning.drift([0, 0, 0, 0, 0, 0, 0, 0, 2]), "two in a quiet place are no drift"
    assert not learning.drift([1, 30]), "one week is no habit"


def test_corrections_are_counted_by_week(db: None) -> None:
    now = timezone.now()
    corrected([("文", "sr.litter")] * 4)
    for row, days in zip(Correction.objects.order_by("id"), (0, 6, 8, 100), strict=True):
        Correction.objects.filter(pk=row.pk).update(at=now - timedelta(days=days))
    assert learning.corrections_by_week(now) == [0, 0, 0, 0, 0, 0, 0, 1, 2]
