"""The administrator's pages: classes, routing with its dry run, rulings, the model's card; strangers see none."""

import io
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from linli.dispatch.models import Ruling, WorkOrder
from linli.incidents import actions
from linli.incidents.actions.learning import LEAST_HELD_BACK
from linli.incidents.actions.routing import set_route
from linli.incidents.models import Correction, Incident, IncidentClass, ModelVersion, RoutingRule
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import COUNTY, LAT, LON, TOWN, Town
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all

PAGES = [
    "/admin/classes/", "/admin/classes/new/", "/admin/classes/sheet.xlsx", "/admin/classes/sr.litter/", "/admin/classes/sr.litter/edit/",
    "/admin/classes/sr.litter/retire/", "/admin/model/", "/admin/routing/", "/admin/routing/edit/", "/admin/rulings/",
    "/admin/routing/check/?topic=sr&function=CG&level=county&basis=x&status=known",
]  # fmt: skip


def client_of(role: str, area: str = COUNTY) -> Client:
    account = Account.objects.create(username=f"{role}-{area}", name="周管理", kind="staff")
    Grant.objects.create(account=account, role_id=role, area=area)
    client = Client()
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def admin(town: Town) -> Client:
    return client_of("administrator")


def html(answer: Any) -> str:
    return answer.content.decode()


def values(client: Client, address: str) -> dict[str, Any]:
    """What the shown form would send as it stands."""
    form = client.get(address).context["form"]
    found = {bound.html_name: bound.value() for bound in form}
    for name in ("topic", "area", "function", "unit"):
        if found.get(name):
            found[name] = dict(form.fields[name].options)[found[name]]
    return {name: value for name, value in found.items() if value not in (None, False)}


def reported(town: Town, code: str = "sr.litter") -> Incident:
    telling = Telling(
        text="门口有人反映一件事",
        sender="device:9",
        client_uuid=uuid.uuid4(),
        lon=LON,
        lat=LAT,
        class_said=code,
        channel="grid",
    )
    return Incident.objects.get(pk=actions.report_incident(by=town.worker, telling=telling).incident)


def ruled(town: Town) -> Ruling:
    order = WorkOrder.objects.get(subject=reported(town).subject)
    return Ruling.objects.create(
        topic="sr.litter",
        area=TOWN,
        unit="430181-ZJ",
        basis="两家推诿，由住建局办",
        order=order,
        valid_from=timezone.now(),
    )


# who may


def test_a_stranger_is_refused_every_page(town: Town) -> None:
    for who in ("far", "clerk", "resident"):
        client = Client()
        client.force_login(town.accounts[who], backend="django.contrib.auth.backends.ModelBackend")
        for address in PAGES:
            assert client.get(address).status_code == 403, (who, address)
        row = ModelVersion.objects.create(file="x.npz")
        assert client.post(f"/admin/model/{row.pk}/roll-back/").status_code == 403
    assert all(Client().get(address).status_code in (302, 403) for address in PAGES)


def test_a_catalogue_editor_sees_classes_only_and_the_administrator_all(town: Town, admin: Client) -> None:
    editor = client_of("catalogue_editor")
    assert editor.get("/admin/classes/").status_code == 200
    assert editor.get("/admin/routing/").status_code == editor.get("/admin/model/").status_code == 403
    page = html(admin.get("/admin/classes/"))
    for address in ("/admin/classes/", "/admin/routing/", "/admin/rulings/", "/admin/model/"):
        assert f'href="{address}"' in page
    assert 'href="/admin/routing/"' not in html(editor.get("/admin/classes/"))
    assert all(admin.get(address).status_code == 200 for address in PAGES)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/classes/",
        "/admin/routing/",
        "/admin/rulings/",
        "/admin/model/",
        "/admin/classes/sr.litter/",
        PAGES[-1],
    ],
)
def test_no_page_asks_the_database_more_than_twelve_times(town: Town, admin: Client, address: str) -> None:
    for _ in range(5):
        ruled(town)
        Ruling.objects.update(valid_to=timezone.now())
    ruled(town)
    admin.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert admin.get(address).status_code == 200
    assert len(asked) <= 12, [one["sql"][:120] for one in asked]


def test_what_does_not_exist_is_not_found(town: Town, admin: Client) -> None:
    for address in (
        "/admin/classes/no.such/", "/admin/classes/no.such/edit/", "/admin/routing/edit/?route=999999", "/admin/routing/edit/?route=x",
        "/admin/routing/check/?end=999999", "/admin/rulings/999999/end/",
    ):  # fmt: skip
        assert admin.get(address).status_code == 404, address
    assert admin.get("/admin/routing/check/?topic=no.such").status_code == 422


# classes


def test_the_list_filters_and_says_what_is_to_be_confirmed(town: Town, admin: Client) -> None:
    page = html(admin.get("/admin/classes/?large=fac"))
    assert "道路" in page and "暴露垃圾" not in page and "待核实" in page
    assert "暴露垃圾" in html(admin.get("/admin/classes/?q=sr.litter"))
    assert "1 工作日" in html(admin.get("/admin/classes/?q=sr.litter"))
    assert "暴露垃圾" not in html(admin.get("/admin/classes/?state=retired"))


def test_an_edit_publishes_a_version_and_the_page_shows_what_changed(town: Town, admin: Client) -> None:
    said = values(admin, "/admin/classes/sr.litter/edit/")
    said |= {"milestones": "清运 4 dh\n复查 1 wd", "source": "县城管局通知", "client_uuid": str(uuid.uuid4())}
    answer = admin.post("/admin/classes/sr.litter/edit/", said)
    assert answer.status_code == 302 and answer["Location"] == "/admin/classes/sr.litter/"
    row = IncidentClass.objects.get(code="sr.litter", active=True)
    assert (row.version, row.milestones[0]) == (2, {"name": "清运", "limit": "4 dh"}) and row.skip_confirm
    page = html(admin.get("/admin/classes/sr.litter/"))
    assert "第 2 版" in page and "处置阶段与时限、依据" in page and "清运：4 工作时" in page
    assert admin.post("/admin/classes/sr.litter/edit/", said).status_code == 302
    assert IncidentClass.objects.filter(code="sr.litter").count() == 2, "sent twice, done once"


def test_a_wrong_limit_comes_back_beside_its_field_with_all_that_was_typed(town: Town, admin: Client) -> None:
    said = values(admin, "/admin/classes/sr.litter/edit/") | {
        "milestones": "清运 三天",
        "status": "cited",
        "source": "",
    }
    answer = admin.post("/admin/classes/sr.litter/edit/", said)
    page = html(answer)
    assert (
        answer.status_code == 422
        and "清运 三天" in page
        and "请写明依据" in page
        and 'href="#id_milestones"' in page
    )
    assert IncidentClass.objects.filter(code="sr.litter").count() == 1


def test_an_edit_on_top_of_anothers_is_told(town: Town, admin: Client) -> None:
    said = values(admin, "/admin/classes/sr.litter/edit/") | {"urgency": "urgent"}
    IncidentClass.objects.filter(code="sr.litter").update(version=7)
    answer = admin.post("/admin/classes/sr.litter/edit/", said)
    assert answer.status_code == 409 and "刚被他人修改" in html(answer)


def test_a_new_class_is_added_and_a_taken_code_refused(town: Town, admin: Client) -> None:
    said = values(admin, "/admin/classes/new/") | {
        "name": "落叶堆积",
        "large": "sr",
        "large_name": "市容环境",
        "domain": "城乡建设",
    }
    taken = admin.post("/admin/classes/new/", {**said, "code": "sr.litter"})
    assert taken.status_code == 422 and "这个代码已有类别" in html(taken)
    assert admin.post("/admin/classes/new/", {**said, "code": "sr.leaves"}).status_code == 302
    assert IncidentClass.objects.get(code="sr.leaves").name == "落叶堆积"


def test_a_class_is_retired_with_a_reason(town: Town, admin: Client) -> None:
    assert admin.post("/admin/classes/sr.litter/retire/", {"why": ""}).status_code == 422
    assert admin.post("/admin/classes/sr.litter/retire/", {"why": "并入其他类"}).status_code == 302
    forget_all()
    assert "已停用" in html(admin.get("/admin/classes/sr.litter/"))
    assert "暴露垃圾" in html(admin.get("/admin/classes/?state=retired"))


def test_the_sheet_holds_every_class_in_the_columns_of_the_import(town: Town, admin: Client) -> None:
    raw = b"".join(admin.get("/admin/classes/sheet.xlsx").streaming_content)
    rows = list(load_workbook(io.BytesIO(raw)).active.values)
    assert rows[0][:4] == ("小类代码", "小类", "大类代码", "大类")
    assert len(rows) - 1 == IncidentClass.objects.filter(active=True).count()
    assert admin.get("/imports/incidents.classes/").status_code == 200


# routing


def rule_said(client: Client, **more: Any) -> dict[str, Any]:
    return (
        values(client, "/admin/routing/edit/")
        | {"topic": "sr.litter", "function": "ZJ", "basis": "专题会议纪要"}
        | more
    )


def test_a_rule_is_saved_only_from_its_dry_run(town: Town, admin: Client) -> None:
    case = reported(town)
    answer = admin.post("/admin/routing/edit/", rule_said(admin, assist=["SL"]))
    assert answer.status_code == 302 and RoutingRule.objects.count() == 1
    address = answer["Location"]
    page = html(admin.get(address))
    assert "还没有保存" in page and "最近 1 件事件中，1 件会改派" in page
    assert case.number in page and "城管执法局" in page and "住建局" in page
    assert RoutingRule.objects.count() == 1
    saved = admin.post(address, values(admin, address))
    assert saved.status_code == 302 and saved["Location"] == "/admin/routing/"
    row = RoutingRule.objects.get(topic="sr.litter", valid_to=None)
    assert (row.function, row.assist, row.status) == ("ZJ", ["SL"], "to_confirm")
    page = html(admin.get("/admin/routing/?topic=sr.litter"))
    assert "专题会议纪要" in page and "待核实" in page and "测试：全部派城管" not in page


def test_a_wrong_rule_never_reaches_the_dry_run(town: Town, admin: Client) -> None:
    answer = admin.post("/admin/routing/edit/", rule_said(admin, unit="430181-CG", basis=""))
    assert answer.status_code == 422 and "请填写依据" in html(answer)
    answer = admin.post("/admin/routing/edit/", rule_said(admin, unit="430181-CG"))
    assert answer.status_code == 422 and "只填一个" in html(answer)
    assert (
        admin.post(
            "/admin/routing/check/?topic=sr&function=XX&level=county&basis=x&status=known", {}
        ).status_code
        == 422
    )
    assert RoutingRule.objects.count() == 1


def test_a_rule_changed_meanwhile_is_told_before_saving(town: Town, admin: Client) -> None:
    address = admin.post("/admin/routing/edit/", rule_said(admin))["Location"]
    said = values(admin, address)
    set_route(
        by=actor_for(Account.objects.get(username="administrator-430181").pk),
        topic="sr.litter",
        function="SL",
        basis="他人所改",
    )
    answer = admin.post(address, said)
    assert answer.status_code == 409 and "刚被他人修改" in html(answer)
    assert RoutingRule.objects.get(topic="sr.litter", valid_to=None).function == "SL"


def test_the_form_shows_the_rule_and_ends_it_after_a_dry_run(town: Town, admin: Client) -> None:
    reported(town)
    row = RoutingRule.objects.get(topic="")
    page = html(admin.get(f"/admin/routing/edit/?route={row.pk}"))
    assert "测试：全部派城管" in page and "城管执法局（CG）" in page
    address = re.search(r'href="(/admin/routing/check/\?end=[^"]+)"', page)[1].replace("&amp;", "&")  # type: ignore[index]
    assert "淮川街道综治中心" in html(admin.get(address))
    said = values(admin, address)
    assert admin.post(address, {**said, "why": ""}).status_code == 422
    assert admin.post(address, {**said, "why": "机构改革"}).status_code == 302
    row.refresh_from_db()
    assert row.valid_to
    assert "测试：全部派城管" in html(admin.get("/admin/routing/?state=all"))


def test_a_towns_dispatcher_cannot_save_the_countys_rule(town: Town) -> None:
    client = client_of("dispatcher", TOWN)
    assert client.get("/admin/routing/").status_code == 200
    answer = client.post("/admin/routing/edit/", rule_said(client))
    assert client.get(answer["Location"]).status_code == 403
    assert RoutingRule.objects.count() == 1


# rulings


def test_a_duty_chief_ends_a_ruling_and_the_administrator_only_reads_it(town: Town, admin: Client) -> None:
    row = ruled(town)
    address = f"/admin/rulings/{row.pk}/end/"
    page = html(admin.get("/admin/rulings/"))
    assert "两家推诿，由住建局办" in page and "暴露垃圾" in page and address not in page
    assert admin.get(address).status_code == admin.post(address, {"why": "x"}).status_code == 403
    chief = Client()
    chief.force_login(town.accounts["chief"], backend="django.contrib.auth.backends.ModelBackend")
    assert address in html(chief.get("/admin/rulings/"))
    assert chief.post(address, {"why": ""}).status_code == 422
    assert chief.post(address, {"why": "职责已写入三定方案"}).status_code == 302
    row.refresh_from_db()
    assert row.valid_to and reported(town).unit == "430181-CG"
    assert chief.get(address).status_code == 404


# the model


def test_the_model_page_shows_card_weeks_and_drift(
    town: Town, admin: Client, settings: Any, tmp_path: Path
) -> None:
    settings.LINLI_MODELS = tmp_path
    assert "还没有模型" in html(admin.get("/admin/model/"))
    (tmp_path / "old.npz").write_bytes(b"x")
    old = ModelVersion.objects.create(
        file="old.npz",
        verdict="起始模型",
        trained_on={"examples": 1595},
        figures={"held_out_accuracy": 0.6834},
    )
    ModelVersion.objects.create(
        file="", verdict="较现用模型差，未启用", trained_on={"examples": 1595, "corrections": 90}, figures={"macro_f1": 0.41, "classes_that_fell": ["sr.litter"]}
    )  # fmt: skip
    new = ModelVersion.objects.create(
        file="new.npz",
        active=True,
        verdict="不差于现用模型，已启用",
        trained_on={"examples": 1595, "corrections": 120},
    )
    page = html(admin.get("/admin/model/"))
    assert (
        "示例 1595 条，更正 120 条" in page and "0.6834" in page and "暴露垃圾" in page and "待核实" in page
    )
    assert f"至少 {LEAST_HELD_BACK} 条" in page and "模型文件不在本机" in page
    assert f"/admin/model/{old.pk}/roll-back/" in page and page.count("roll-back") == 1
    assert "明显多于往常" not in page
    Correction.objects.bulk_create(
        Correction(incident=reported(town), text="文", after="sr.litter") for _ in range(3)
    )
    assert "明显多于往常" in html(admin.get("/admin/model/"))
    assert admin.post(f"/admin/model/{old.pk}/roll-back/").status_code == 302
    old.refresh_from_db()
    new.refresh_from_db()
    assert old.active and not new.active
    assert admin.get(f"/admin/model/{old.pk}/roll-back/").status_code == 405
