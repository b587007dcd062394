"""Photos on the pages: advice at once, readings looked over, differences for the clerk; strangers see none of it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from linli.onestop import actions
from linli.onestop.models import Application, Scan
from linli.onestop.scans import drawing
from linli.onestop.tests.test_pages import client_of, html, own_files, queries_of, said, started  # noqa: F401
from linli.onestop.tests.test_scans_actions import PAGE, dark_photo, drafted, told

pytestmark = pytest.mark.django_db


def photo(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("paper.png", data, "image/png")


def test_a_dark_photo_is_advised_against_kept_or_taken_again(county: Any) -> None:
    client, row = started(county)
    papers = f"/my/cases/{row.pk}/apply/papers/"
    page = html(client.post(f"{papers}?of=INC", said(papers=photo(dark_photo())), follow=True))
    assert "请重拍：照片太暗" in page and "仍用这张" in page and "已上传 1 张" in page
    scan = Scan.objects.get()
    assert f"of=INC&amp;instead={scan.file}" in page
    again = client.post(
        f"{papers}?of=INC&instead={scan.file}", said(papers=photo(PAGE.read_bytes())), follow=True
    )
    fresh = Scan.objects.get()
    assert fresh.file != scan.file and "请重拍" not in html(again) and "已上传 1 张" in html(again)
    client.post(f"{papers}?of=INC", said(papers=photo(dark_photo())))
    bad = Scan.objects.exclude(pk=fresh.pk).get()
    kept = html(client.post(f"/my/cases/{row.pk}/readings/{bad.pk}/keep/", follow=True))
    assert "建议重拍" not in kept and Scan.objects.get(pk=bad.pk).kept_at


def test_what_was_read_is_looked_over_and_goes_into_the_form(county: Any) -> None:
    row, scan = drafted(county)
    client = client_of(county.accounts["resident"])
    papers, url = f"/my/cases/{row.pk}/apply/papers/", f"/my/cases/{row.pk}/readings/{scan.pk}/"
    assert "正在识别" in html(client.get(papers))
    assert client.get(url)["Location"] == papers  # nothing read yet, nothing to look over
    told(scan)
    assert "识别为收入证明" in html(client.get(papers)) and url in html(client.get(papers))
    page = html(client.get(url))
    assert "2350.00" in page and "识别结果只供参考" in page and "王向阳" not in page
    answer = client.post(url, said(amount="2350", employer="青石保洁", date="2026-01-08"))
    assert answer["Location"] == papers and "已核对填入" in html(client.get(papers))
    row.refresh_from_db()
    assert json.loads(row.form)["月收入（元）"] == "2350"


def test_the_clerk_sees_differences_masked_and_notes_what_the_original_says(county: Any) -> None:
    row, scan = drafted(county, **{"月收入（元）": "1800"})
    told(scan)
    actions.submit(by=county.actor("resident"), application=row.pk, signed=True, despite_missing=True)
    window = client_of(county.accounts["window"])
    page = html(window.get(f"/onestop/cases/{row.pk}/"))
    assert "有 1 处请核对" in page and "申请表填的是 1800，照片上是 2350.00" in page and "王向阳" not in page
    task = row.tasks.get(step="accept")
    assert "有 1 处请核对" in html(window.get(f"/onestop/tasks/{task.pk}/"))
    url = f"/onestop/cases/{row.pk}/readings/{scan.pk}/"
    html(window.post(url, said(note="")), 422)
    assert window.post(url, said(note="原件写的是 2350，申请表漏填奖金")).status_code == 302
    page = html(window.get(f"/onestop/cases/{row.pk}/"))
    assert "已人工核对" in page and "申请表漏填奖金" in page and "受理" in page


def test_nobody_else_opens_a_reading(county: Any, client: Any) -> None:
    row, scan = drafted(county)
    told(scan)
    own, desk = f"/my/cases/{row.pk}/readings/{scan.pk}/", f"/onestop/cases/{row.pk}/readings/{scan.pk}/"
    assert "/accounts/login/" in client.get(own)["Location"]
    assert "/accounts/login/" in client.post(f"{own}keep/")["Location"]
    for who in ("stranger", "editor", "window"):
        html(client_of(county.accounts[who]).get(own), 404)
        html(client_of(county.accounts[who]).post(f"{own}keep/"), 404)
        html(client_of(county.accounts[who]).get(desk), 404)
    html(client_of(county.accounts["resident"]).get(f"/my/cases/{row.pk}/readings/{scan.pk + 99}/"), 404)


def test_photos_cost_a_page_few_queries(county: Any) -> None:
    row, scan = drafted(county)
    told(scan)
    client, papers = client_of(county.accounts["resident"]), f"/my/cases/{row.pk}/apply/papers/"
    one = queries_of(client, papers)
    slot = scan.slot
    made = [Scan(slot=slot, file=number, asked_at=scan.asked_at) for number in range(9001, 9010)]
    Scan.objects.bulk_create(made)
    assert queries_of(client, papers) == one


def test_a_set_of_papers_is_drawn_with_its_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    call_command("onestop", "render-papers", "--out", str(tmp_path), "--each", "1", stdout=out)
    rows = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert len(rows) == 16 and "16 张" in out.getvalue()
    assert {(row["kind"], row["condition"]) for row in rows} == {
        (k, c) for k in drawing.KINDS for c in drawing.CONDITIONS
    }
    assert all((tmp_path / row["file"]).stat().st_size > 5000 and row["fields"]["number"] for row in rows)

    def none() -> str:
        raise drawing.NoFont("本机没有中文字体")

    monkeypatch.setattr(drawing, "han_font", none)
    with pytest.raises(CommandError, match="没有中文字体"):
        call_command("onestop", "render-papers", "--out", str(tmp_path))


def test_handing_in_after_submission_is_advised_too(county: Any, begin: Any) -> None:
    row: Application = begin()
    actions.ask_supplement(by=county.actor("window"), application=row.pk, defects=["照片看不清"])
    client = client_of(county.accounts["resident"])
    page = html(client.post(f"/my/cases/{row.pk}/papers/INC/", said(papers=photo(dark_photo())), follow=True))
    assert "请重拍：照片太暗" in page and "仍用这张" in page
