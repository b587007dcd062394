"""Papers handed in before: kept for their owner, used again with consent each time, withdrawn, seen by nobody else."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.bus.jobs import drain
from linli.kernel.files.models import Attachment
from linli.onestop import actions, queries_shelf, usage
from linli.onestop.actions.shelf import shelve
from linli.onestop.models import Application, Paper, PaperUse
from linli.onestop.tests.conftest import County, at
from linli.onestop.tests.test_pages import client_of, html, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper(county: County, accepted: Any) -> Paper:
    """An income declaration that came with an accepted 低保 case."""
    row = accepted("MZ-001")
    drain()
    found = Paper.objects.get(application=row, material="INC")
    Paper.objects.filter(pk=found.pk).update(
        issued=timezone.localdate(), until=timezone.localdate() + timedelta(days=30)
    )
    actions.withdraw_application(by=county.actor("resident"), application=row.pk, reason="改办别的")
    return found


def draft(county: County, item: str = "MZ-002") -> Application:
    made = actions.save_draft(
        by=county.actor("resident"), item=item, person=county.old.pk, client_uuid=str(uuid.uuid4())
    )
    return Application.objects.get(pk=made.application)


def test_an_accepted_paper_is_kept_once_with_its_term(county, accepted):
    row = accepted("MZ-001")
    assert shelve(application=row.pk) == 1 and shelve(application=row.pk) == 0
    found = Paper.objects.get()
    assert (found.person, found.material, found.issued) == (county.old, "INC", date(2026, 2, 6))
    assert found.until == date(2026, 2, 6) + timedelta(days=queries_shelf.kept_days("INC"))
    assert queries_shelf.kept_days("PROOF") == 0 and queries_shelf.kept_days("neverseen") == 365


def test_a_paper_is_used_again_only_with_consent_and_copied_into_the_case(county, paper):
    row, by = draft(county), county.actor("resident")
    assert queries_shelf.offers(row) == [paper]
    with pytest.raises(Refused) as refused:
        actions.reuse_paper(by=by, application=row.pk, paper=paper.pk, consent=False)
    assert refused.value.fields.keys() == {"consent"} and not row.slots.exists()
    used = actions.reuse_paper(by=by, application=row.pk, paper=paper.pk, consent=True)
    assert actions.reuse_paper(by=by, application=row.pk, paper=paper.pk, consent=True) == used
    slot = row.slots.get(material="INC")
    copy = Attachment.objects.get(pk=slot.files[0])
    assert slot.state == "met" and copy.subject == row.subject and copy.pk not in paper.files
    assert copy.stored == Attachment.objects.get(pk=paper.files[0]).stored
    assert queries_shelf.offers(row) == []
    Application.objects.filter(pk=row.pk).update(accepted_at=at("2026-03-02 09:00"))
    assert shelve(application=row.pk) == 0  # a copy is no second paper


def test_an_agent_says_how_the_person_agreed(county, paper):
    row = draft(county)
    Application.objects.filter(pk=row.pk).update(agent=county.accounts["window"], authority="口述")
    by = county.actor("window")
    with pytest.raises(Refused) as refused:
        actions.reuse_paper(by=by, application=row.pk, paper=paper.pk, consent=True)
    assert "evidence" in refused.value.fields
    used = actions.reuse_paper(
        by=by, application=row.pk, paper=paper.pk, consent=True, evidence="本人当面同意"
    )
    assert used.consent == "本人当面同意" and used.by == county.accounts["window"]


def test_withdrawn_over_or_of_another_it_is_not_offered(county, paper):
    row, by = draft(county), county.actor("resident")
    Paper.objects.filter(pk=paper.pk).update(issued=date(2020, 1, 1), until=date(2020, 2, 1))
    assert queries_shelf.offers(row) == []
    Paper.objects.filter(pk=paper.pk).update(until=None)
    assert queries_shelf.offers(row) == [paper]
    Application.objects.filter(pk=row.pk).update(person=county.wife)
    assert queries_shelf.offers(Application.objects.get(pk=row.pk)) == []
    Application.objects.filter(pk=row.pk).update(person=county.old)
    actions.withdraw_paper(by=by, paper=paper.pk)
    assert queries_shelf.offers(row) == [] and not queries_shelf.own_papers(by).exists()
    with pytest.raises(Refused):
        actions.reuse_paper(by=by, application=row.pk, paper=paper.pk, consent=True)
    assert paper.application.slots.get(material="INC").files  # the old case keeps its own


def test_nobody_else_sees_or_touches_the_shelf(county, paper):
    row = draft(county)
    for name in ("stranger", "MZ", "window", "supervisor"):
        viewer = county.actor(name)
        assert not queries_shelf.own_papers(viewer).exists()
    for act in (
        lambda: actions.reuse_paper(
            by=county.actor("stranger"), application=row.pk, paper=paper.pk, consent=True
        ),
        lambda: actions.withdraw_paper(by=county.actor("MZ"), paper=paper.pk),
        lambda: actions.date_paper(
            by=county.actor("stranger"), paper=paper.pk, issued=date(2026, 1, 1), until=None
        ),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status in (403, 404)


def test_the_window_reads_the_dates_off_the_paper(county, paper):
    by = county.actor("window")
    with pytest.raises(Refused):
        actions.date_paper(by=by, paper=paper.pk, issued=date(2026, 1, 9), until=date(2026, 1, 8))
    row = actions.date_paper(by=by, paper=paper.pk, issued=date(2026, 1, 9), until=date(2026, 7, 9))
    assert (row.issued, row.until) == (date(2026, 1, 9), date(2026, 7, 9))


def test_no_use_without_consent_stands_in_the_table(county, paper):
    with pytest.raises(IntegrityError), transaction.atomic():
        PaperUse.objects.create(paper=paper, application=paper.application, material="X", at=timezone.now())


def test_the_page_shows_papers_uses_and_who_asked(county, paper, monkeypatch):
    class Asked:
        asked_at, named, purpose = timezone.now(), "公安·人口库", "核对办件材料"
        get_state_display = "已答复"

    monkeypatch.setattr(usage, "_record", [lambda viewer, person: [Asked()]])
    client, row = client_of(county.accounts["resident"]), draft(county)
    page = html(client.get("/my/papers/"))
    assert "收入证明" in page and "公安·人口库" in page and "可沿用到" in page
    assert "以前交过的材料" in html(client.get(f"/my/cases/{row.pk}/apply/papers/"))
    answer = client.post(f"/my/cases/{row.pk}/reuse/", said(papers=[paper.pk]))
    assert answer.status_code == 302 and row.slots.get(material="INC").state == "met"
    assert row.item.name in html(client.get("/my/papers/"))
    assert client.post(f"/my/papers/{paper.pk}/withdraw/", said()).status_code == 302
    assert "还没有" in html(client.get("/my/papers/"))
    stranger = client_of(county.accounts["stranger"])
    assert stranger.get(f"/my/papers/{paper.pk}/withdraw/").status_code == 404
    assert "收入证明" not in html(stranger.get("/my/papers/"))


def test_the_record_of_use_is_exchanges_own(county):
    from linli.exchange.queries import uses_of

    assert usage._record == [uses_of]
    with pytest.raises(Refused):
        usage.uses(county.actor("MZ"), county.old.pk)
