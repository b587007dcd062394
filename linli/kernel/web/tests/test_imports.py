import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from linli.kernel import Refused
from linli.kernel.access.models import Grant, Role
from linli.kernel.web import actions, imports, jobs, sheets
from linli.kernel.web.imports import ImportColumn, ImportKind, register_import
from linli.kernel.web.models import BackgroundRun, ImportRun, Once, SavedFilter

pytestmark = pytest.mark.django_db
HEAD = ["姓名", "联系电话", "备注"]


def check_row(actor, cells):
    return {} if re.fullmatch(r"1\d{10}", cells["phone"]) else {"phone": "联系电话应为 11 位手机号"}


def apply(actor, cells):
    """A stand-in for a room's action: writes a row of the frame's own."""
    if cells["name"] == "坏人":
        raise Refused("此人已在册", code="there")
    SavedFilter.objects.create(account=actor.account, table="imported", name=cells["name"])


KIND = ImportKind(
    code="tests.residents",
    title="居民",
    verb="tests.import",
    columns=(
        ImportColumn("name", "姓名", required=True, example="张三"),
        ImportColumn("phone", "联系电话", required=True, aliases=("手机",), example="13800001234"),
        ImportColumn("note", "备注"),
    ),
    check_row=check_row,
    apply=apply,
    key=("phone",),
    exists=lambda actor, cells: cells["name"] == "老住户",
)


def xlsx(rows, head=HEAD):
    book = Workbook()
    for row in [head, *rows]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def row(n, name=None):
    return [name or f"居民{n}", f"138{n:08}", ""]


@pytest.fixture(autouse=True)
def kind():
    register_import(KIND)


@pytest.fixture
def importer(client, wang):
    role = Role.objects.create(code="tests_importer", zh="导入员", en="importer", verbs=["tests.import"])
    Grant.objects.create(account=wang, role=role, area="430181")
    client.force_login(wang)
    return client


def send(client, raw, name="居民.xlsx"):
    return client.post("/imports/tests.residents/", {"file": SimpleUploadedFile(name, raw)})


def through(client, raw, name="居民.xlsx"):
    """Upload, confirm the guessed columns, run the dry run."""
    url = send(client, raw, name)["Location"]
    sheet = ImportRun.objects.latest("at")
    client.post(url, {"act": "check", **{f"column-{k}": v for k, v in sheet.mapping.items()}})
    sheet.refresh_from_db()
    jobs.check_import(str(sheet.run_id))
    sheet.refresh_from_db()
    return url, sheet


def test_a_good_sheet_goes_all_the_way(importer, wang):
    url, sheet = through(importer, xlsx([row(n) for n in range(60)]))
    assert (sheet.state, sheet.good, sheet.rows) == ("checked", 60, 60)
    assert "确认写入 60 行" in importer.get(url).content.decode()
    assert not SavedFilter.objects.exists()
    importer.post(url, {"act": "apply"})
    sheet.refresh_from_db()
    jobs.apply_import(str(sheet.run_id))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.run.state, sheet.run.done) == ("done", "done", 60)
    assert bytes(sheet.content) == b""
    assert SavedFilter.objects.filter(account=wang.pk, table="imported").count() == 60


def test_every_wrong_row_is_named_with_line_column_and_remedy(importer):
    url, sheet = through(importer, xlsx([row(1), ["", "12", ""], ["李四", "", "x"]]))
    assert (sheet.good, [e["line"] for e in sheet.errors]) == (1, [3, 4])
    html = importer.get(url).content.decode()
    for said in ("请填写姓名", "联系电话应为 11 位手机号", "请填写联系电话", "没有写入任何数据"):
        assert said in html
    answer = importer.post(url, {"act": "apply"})
    assert answer.status_code == 422
    assert "还有错误行" in answer.content.decode()


def test_doubles_in_the_sheet_and_in_the_house_are_left_out(importer):
    url, sheet = through(importer, xlsx([row(1), row(1), row(2), row(3, "老住户")]))
    assert (sheet.good, sheet.doubles) == (2, 2)
    importer.post(url, {"act": "apply"})
    sheet.refresh_from_db()
    jobs.apply_import(str(sheet.run_id))
    assert SavedFilter.objects.filter(table="imported").count() == 2


def test_one_refusal_while_writing_undoes_the_whole_sheet(importer):
    url, sheet = through(importer, xlsx([row(1), row(2), row(3, "坏人")]))
    importer.post(url, {"act": "apply"})
    sheet.refresh_from_db()
    jobs.apply_import(str(sheet.run_id))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.run.message) == ("failed", "第 4 行：此人已在册。整张表没有写入。")
    assert not SavedFilter.objects.filter(table="imported").exists()


def test_an_import_is_applied_once(importer, clerk):
    _url, sheet = through(importer, xlsx([row(1)]))
    stale = ImportRun.objects.get(pk=sheet.pk)
    imports.start_apply(by=clerk, sheet=sheet)
    with pytest.raises(Refused, match="状态已经变化"):
        imports.start_apply(by=clerk, sheet=stale)


def test_an_import_can_be_given_up(importer):
    url = send(importer, xlsx([row(1)]))["Location"]
    importer.post(url, {"act": "cancel"})
    sheet = ImportRun.objects.get()
    assert (sheet.state, bytes(sheet.content)) == ("cancelled", b"")
    assert "已放弃" in importer.get(url).content.decode()


def test_every_required_column_must_be_chosen_and_none_twice(importer):
    url = send(importer, xlsx([row(1)]))["Location"]
    html = importer.post(url, {"act": "check", "column-name": "0", "column-note": "0"}).content.decode()
    assert "请选择哪一列是联系电话" in html
    assert "姓名与另一项选了同一列" in html


@pytest.mark.parametrize("coding", ["gb18030", "utf-8-sig", "utf-8"])
def test_a_csv_in_any_usual_coding_is_read(importer, coding):
    raw = "手机,姓名（必填）\n13800001234,张三\n".encode(coding)
    _url, sheet = through(importer, raw, "居民.csv")
    assert (sheet.mapping, sheet.good) == ({"name": 1, "phone": 0}, 1)


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0" + b"0" * 99, "另存为 .xlsx"),
        ("a.xlsx", b"PK\x03\x04 broken", "不是可以读取的 Excel"),
        ("a.csv", b"\x00\x01\x02", "不是 Excel 或 CSV"),
        ("a.csv", "姓名\n".encode(), "表中没有数据"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(importer, name, raw, said):
    answer = send(importer, raw, name)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_too_many_rows_are_refused(monkeypatch):
    with pytest.raises(Refused, match="超过 3 行"):
        sheets.read_sheet("a.csv", b"a\n" + b"1\n" * 9, most=3)


def test_no_file_is_said_in_words(importer):
    assert "请选择要导入的" in importer.post("/imports/tests.residents/").content.decode()


def test_the_template_has_the_heads_and_an_example(importer):
    book = load_workbook(io.BytesIO(importer.get("/imports/tests.residents/template.xlsx").content))
    assert list(book.active.values) == [("姓名", "联系电话", "备注"), ("张三", "13800001234", None)]


def test_a_stranger_neither_uploads_nor_looks(importer, client, stranger):
    url = send(importer, xlsx([row(1)]))["Location"]
    client.force_login(stranger)
    assert client.get("/imports/tests.residents/").status_code == 403
    assert send(client, xlsx([row(1)])).status_code == 403
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url).status_code == 404


def test_an_unknown_kind_is_not_found(importer):
    assert importer.get("/imports/nothing/").status_code == 404


def test_progress_is_asked_for_until_it_ends(importer):
    url = send(importer, xlsx([row(1)]))["Location"]
    sheet = ImportRun.objects.get()
    importer.post(url, {"act": "check", **{f"column-{k}": v for k, v in sheet.mapping.items()}})
    assert 'hx-trigger="every 2s"' in importer.get(url, HTTP_HX_REQUEST="true").content.decode()
    sheet.refresh_from_db()
    jobs.check_import(str(sheet.run_id))
    answer = importer.get(url, HTTP_HX_REQUEST="true")
    assert answer["HX-Refresh"] == "true"
    assert "every 2s" not in answer.content.decode()


def test_a_room_that_breaks_while_checking_leaves_a_failed_run(importer, monkeypatch):
    def broken(actor, cells):
        raise RuntimeError("made to fail")

    monkeypatch.setitem(
        imports._kinds,
        "tests.residents",
        ImportKind("tests.residents", "居民", "tests.import", KIND.columns, broken, apply),
    )
    _url, sheet = through(importer, xlsx([row(1)]))
    assert (sheet.state, sheet.run.state) == ("failed", "failed")


def test_old_runs_and_forms_are_forgotten(wang, clerk):
    from datetime import timedelta

    from django.utils import timezone

    run = actions.start_run(by=clerk, code="x", title="x", job="linli.kernel.web.jobs.run_bulk")
    BackgroundRun.objects.filter(pk=run.pk).update(at=timezone.now() - timedelta(days=31))
    Once.objects.create(sender="a", uuid=run.pk, digest="x", at=timezone.now() - timedelta(days=31))
    actions.start_run(by=clerk, code="y", title="y", job="linli.kernel.web.jobs.run_bulk")
    assert jobs.forget_old() == 2
    assert BackgroundRun.objects.get().code == "y"
