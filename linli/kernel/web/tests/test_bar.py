"""The head bar of the offices and the system page."""

import re

import pytest
from django.test import Client

from linli.kernel.access.actions import give_grant
from linli.kernel.access.rules import SYSTEM
from linli.kernel.identity.models import Account
from linli.kernel.web import registry
from linli.kernel.web.registry import NavEntry, bar, register_nav, system_cards

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rooms but the tests' own."""
    monkeypatch.setattr(registry, "_entries", {})


def add(count: int, group: str = "work") -> None:
    names = [
        "t_report",
        "t_list",
        "t_board",
        "t_phone",
        "t_areas",
        "web:tray",
        "web:manifest",
        "web:sync_shell",
    ]
    used = len(registry._entries)
    register_nav(
        *(
            NavEntry(f"{group}{n}", name, order=n, group=group)
            for n, name in enumerate(names[used : used + count])
        )
    )


def test_few_entries_stand_side_by_side(rf, entries, wang) -> None:
    add(6)
    request = rf.get("/t/list/")
    request.user = wang
    found = bar(request)
    assert len(found) == 6 and not any(item.links for item in found)
    assert [item.label for item in found if item.here] == ["work1"]


def test_many_entries_are_gathered_into_groups(rf, entries, wang) -> None:
    add(5)
    add(1, "map")
    add(1, "odd")
    request = rf.get("/t/list/")
    request.user = wang
    found = bar(request)
    assert [item.label for item in found] == ["工作", "map0"]
    assert found[0].here and len(found[0].links) == 6 and not found[1].links


def test_what_is_system_stands_on_a_page_of_its_own(rf, entries, wang) -> None:
    add(1, "system.time")
    request = rf.get("/t/list/")
    request.user = wang
    assert [item.label for item in bar(request)] == ["system.time0"]  # a single one needs no page
    add(1, "system.people")
    assert [(item.label, item.url) for item in bar(request)] == [("系统", "/system/")]
    assert [name for name, _ in system_cards(request)] == ["组织与授权", "时限与日历"]


@pytest.fixture
def boss(db: None, settings) -> Client:
    settings.ROOT_URLCONF = "linli.site.urls"
    row = Account.objects.create(username="boss", name="吴管理", kind="staff")
    give_grant(by=SYSTEM, account=row.pk, role="administrator", area="430181")
    client = Client()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_administrator_sees_at_most_seven_entries_and_explained_cards(boss: Client) -> None:
    html = boss.get("/system/").content.decode()
    wide = re.search(r'<nav class="nav groups".*?</nav>', html, re.S)[0]
    top = re.sub(r"<details.*?</details>", "<summary>", wide, flags=re.S)
    assert 3 <= len(re.findall(r"<summary|<a ", top)) <= 7
    for section in ("组织与授权", "时限与日历", "消息", "记录与诊断"):
        assert f">{section}</h2>" in html
    cards = re.findall(r'<a class="card card-link".*?</a>', html, re.S)
    assert len(cards) >= 10
    assert [card for card in cards if "<p" not in card] == []
    assert "<script" not in wide and "工作日历" in html and "通知通道" in html


def test_every_card_opens(boss: Client) -> None:
    html = boss.get("/system/").content.decode()
    addresses = re.findall(r'class="card card-link" href="([^"]+)"', html)
    assert len(addresses) >= 10
    for address in addresses:
        assert boss.get(address).status_code == 200, address


def test_a_stranger_has_no_system_page(wang) -> None:
    client = Client()
    assert client.get("/system/").status_code == 302
    client.force_login(wang, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/system/").status_code == 403
