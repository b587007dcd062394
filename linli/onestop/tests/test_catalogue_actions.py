"""An editor's draft, its simulation, a second person's publication; the editions of one item."""

import copy
import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.onestop import actions, queries, shipped
from linli.onestop.actions.drafts import version_for
from linli.onestop.glossary import shipped_items
from linli.onestop.models import Application, ItemVersion
from linli.onestop.sheets import from_workbook, to_yaml

pytestmark = pytest.mark.django_db


def dibao(days: int = 8) -> dict:
    raw = copy.deepcopy(dict(next(one for one in shipped_items() if one["code"] == "MZ-001")))
    raw["promised_limit"]["days"] = days
    return raw


def ready(county, days: int = 8) -> ItemVersion:
    row = actions.save_item(by=county.actor("editor"), definition=dibao(days))
    return actions.simulate_item(by=county.actor("editor"), version=row.pk)


def test_a_draft_is_saved_over_and_over_and_never_touches_what_is_in_force(county):
    editor = county.actor("editor")
    one = actions.save_item(by=editor, definition=dibao(8))
    two = actions.save_item(by=editor, definition=dibao(9))
    assert one.pk == two.pk and two.number == 2
    assert version_for("MZ-001").definition["promised_limit"]["days"] == 7


def test_a_draft_may_be_unfinished_but_not_shapeless(county):
    editor, raw = county.actor("editor"), dibao(6)
    row = actions.save_item(by=editor, definition=raw)
    assert row.findings[0][0] == "promised_limit.days"
    with pytest.raises(Refused):
        actions.simulate_item(by=editor, version=row.pk)
    raw["lead_department"] = "县气象局"
    with pytest.raises(Refused) as refused:
        actions.save_item(by=editor, definition=raw)
    assert set(refused.value.fields) == {"lead_department"}


def test_a_second_person_publishes_what_was_simulated(county):
    row = actions.save_item(by=county.actor("editor"), definition=dibao())
    second = county.actor("second")
    with pytest.raises(Refused) as refused:
        actions.publish_item(by=second, version=row.pk)
    assert refused.value.code == "not_simulated"
    row = actions.simulate_item(by=county.actor("editor"), version=row.pk)
    assert row.simulated["runs"] == 60 and row.simulated["breaches"] == []
    with pytest.raises(Refused) as refused:
        actions.publish_item(by=county.actor("editor"), version=row.pk)
    assert refused.value.code == "second_person"
    row = actions.publish_item(by=second, version=row.pk)
    assert row.state == "published" and version_for("MZ-001").pk == row.pk
    with pytest.raises(Refused):
        actions.publish_item(by=second, version=row.pk)


def test_an_edit_after_the_simulation_asks_for_another(county):
    ready(county)
    row = actions.save_item(by=county.actor("editor"), definition=dibao(9))
    with pytest.raises(Refused) as refused:
        actions.publish_item(by=county.actor("second"), version=row.pk)
    assert refused.value.code == "not_simulated"


def test_the_edition_before_ends_the_day_before_and_running_cases_keep_theirs(county, begin):
    case, old = begin(), version_for("MZ-001")
    tomorrow = timezone.localdate() + timedelta(days=1)
    row = actions.publish_item(by=county.actor("second"), version=ready(county).pk, valid_from=tomorrow)
    old.refresh_from_db()
    assert old.state == "published" and old.validity.upper == tomorrow
    assert version_for("MZ-001").pk == old.pk
    assert version_for("MZ-001", timezone.now() + timedelta(days=1)).pk == row.pk
    assert Application.objects.get(pk=case.pk).version_id == old.pk
    sooner = actions.publish_item(by=county.actor("second"), version=ready(county, 9).pk)
    row.refresh_from_db()
    assert row.state == "retired" and version_for("MZ-001").pk == sooner.pk


def test_nothing_is_published_for_yesterday(county):
    with pytest.raises(Refused) as refused:
        actions.publish_item(
            by=county.actor("second"), version=ready(county).pk,
            valid_from=timezone.localdate() - timedelta(days=1),
        )  # fmt: skip
    assert "valid_from" in refused.value.fields


def test_a_retired_item_takes_no_new_cases(county, begin):
    row = version_for("MZ-001")
    editor = county.actor("editor")
    with pytest.raises(Refused):
        actions.retire_item(by=editor, version=row.pk, reason="")
    actions.retire_item(by=editor, version=row.pk, reason="政策停止执行")
    with pytest.raises(Refused) as refused:
        begin()
    assert refused.value.code == "no_item"
    assert not queries.items_in_force().filter(item__code="MZ-001").exists()


def test_a_file_is_imported_whole_or_not_at_all(county):
    editor, wrong = county.actor("editor"), dibao(9)
    wrong["category"] = "XX"
    with pytest.raises(Refused) as refused:
        actions.import_items(by=editor, items=[dibao(), wrong])
    assert any("category" in name for name in refused.value.fields) and "MZ-001" in refused.value.fields
    assert not ItemVersion.objects.filter(state="draft").exists()
    same = next(one for one in shipped_items() if one["code"] == "MZ-002")
    made = actions.import_items(by=editor, items=[dibao(), same])
    assert [row.item.code for row in made] == ["MZ-001"]  # word for word in force: left as it is


def test_a_stranger_edits_nothing_and_sees_no_draft(county):
    row = actions.save_item(by=county.actor("editor"), definition=dibao())
    stranger = county.actor("stranger")
    for act in (
        lambda: actions.save_item(by=stranger, definition=dibao()),
        lambda: actions.import_items(by=stranger, items=[dibao()]),
        lambda: actions.simulate_item(by=stranger, version=row.pk),
        lambda: actions.publish_item(by=stranger, version=row.pk),
        lambda: actions.retire_item(by=stranger, version=row.pk, reason="停"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status == 403
    assert [v.state for v in queries.versions_of(stranger, "MZ-001")] == ["published"]
    assert len(queries.versions_of(county.actor("editor"), "MZ-001")) == 2


def test_the_shipped_catalogue_is_laid_down_once(county):
    assert shipped.load_items() == 0
    assert not Grant.objects.filter(role="catalogue_editor", area="").exists()


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("onestop", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_checks_the_catalogue_in_force(county, tmp_path):
    assert "73 个事项，0 个有问题" in run("check", "--figures")
    broken = tmp_path / "broken.yaml"
    broken.write_text(to_yaml([dibao(6)]), "utf-8")
    with pytest.raises(CommandError, match="不能发布"):
        run("check", "--file", str(broken))
    with pytest.raises(CommandError, match="读不了"):
        run("check", "--file", str(tmp_path / "none.yaml"))


def test_the_command_simulates_one_item_by_seed(county):
    said = [run("simulate", "--item", "MZ-001", "--seed", "1", "--households", "3") for _ in range(2)]
    assert said[0] == said[1]
    found = json.loads(said[0])
    assert (found["runs"], found["breaches"]) == (18, 0)
    with pytest.raises(CommandError, match="没有在用的事项"):
        run("simulate", "--item", "NO-001")


def test_the_command_exports_what_is_in_force(county, tmp_path):
    path = tmp_path / "items.xlsx"
    run("export", str(path))
    assert len(from_workbook(path.read_bytes())) == 73
    with pytest.raises(CommandError):
        run("export", str(tmp_path / "items.doc"))
