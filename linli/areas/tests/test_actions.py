import json

import pytest
from shapely.geometry import box, mapping

from linli.areas import actions, ports, queries
from linli.areas.models import Area, BoundaryRun, Branch, BranchGrid, Keeper, Profile, Unit
from linli.areas.tests.conftest import COUNTY, HILL, PLAIN, RIVER, WEST, account, drawn, holding
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.bus.models import Fact

GRID, NEXT = RIVER + "001", RIVER + "002"


def geojson(*codes: str, **shapes) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": drawn(code).name or "新网格"},
            "geometry": mapping(shapes.get(f"g{code}", drawn(code).geometry)),
        }
        for code in codes
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def told(name: str) -> list[dict]:
    return list(Fact.objects.filter(name=f"areas.{name}").order_by("id").values_list("body", flat=True))


def actor(account_row) -> Actor:
    return actor_for(account_row.pk, name=account_row.name)


# --- boundaries


def test_boundaries_are_saved_with_parents_points_and_sizes(county):
    grid = Area.objects.get(code=GRID)
    assert grid.parent.code == RIVER and grid.level == "grid" and grid.pinyin.startswith("chengxi")
    assert 113.0 < grid.lon < 113.1 and 28.0 < grid.lat < 28.1
    assert 1.0e8 < grid.square_metres < 1.2e8
    assert Area.objects.get(code=WEST).kind == "街道" and Area.objects.get(code=HILL).kind == "村"
    assert told("BoundaryChanged")[-1] == {"area": COUNTY, "run": ""}


def test_a_dry_run_changes_nothing_and_its_confirmation_everything(administrator):
    cut = {f"g{GRID}": box(113.0, 28.0, 113.05, 28.1), f"g{RIVER}003": box(113.05, 28.0, 113.1, 28.1)}
    raw = geojson(GRID, NEXT, RIVER + "003", **cut)
    run = actions.check_boundaries(by=administrator, raw=raw, file_name="网格.geojson")
    assert run.found == {"grid": 3} and not run.errors and Area.objects.filter(level="grid").count() == 6
    assert actions.import_boundaries(by=administrator, run=run.pk) == 3
    assert queries.locate(113.07, 28.05).grid == RIVER + "003"
    run.refresh_from_db()
    assert run.state == "done" and bytes(run.content) == b""
    with pytest.raises(Refused, match="已经办理过"):
        actions.import_boundaries(by=administrator, run=run.pk)


def test_an_overlap_with_a_grid_that_is_not_redrawn_is_found(administrator):
    wide = {f"g{GRID}": box(113.0, 28.0, 113.15, 28.1)}
    run = actions.check_boundaries(by=administrator, raw=geojson(GRID, **wide), file_name="g.json")
    assert any(one["kind"] == "overlap" and NEXT in one["codes"] for one in run.errors)
    with pytest.raises(Refused) as refused:
        actions.import_boundaries(by=administrator, run=run.pk)
    assert refused.value.code == "boundaries_wrong"
    assert queries.locate(113.12, 28.05).grid == NEXT


def test_one_wrong_area_keeps_the_whole_file_out(administrator):
    raw = geojson(GRID, RIVER + "009", **{f"g{RIVER}009": box(114, 29, 114.1, 29.1)})
    run = actions.check_boundaries(by=administrator, raw=raw, file_name="g.json")
    with pytest.raises(Refused):
        actions.import_boundaries(by=administrator, run=run.pk)
    assert not Area.objects.filter(code=RIVER + "009").exists()
    assert BoundaryRun.objects.get(pk=run.pk).state == "checked"


def test_a_dry_run_can_be_given_up(administrator):
    run = actions.check_boundaries(by=administrator, raw=geojson(GRID), file_name="g.json")
    actions.drop_boundaries(by=administrator, run=run.pk)
    assert BoundaryRun.objects.get(pk=run.pk).state == "dropped"
    with pytest.raises(Refused):
        actions.drop_boundaries(by=administrator, run=run.pk)


def test_a_stranger_imports_nothing_into_this_town(county, stranger, administrator):
    with pytest.raises(Refused) as refused:
        actions.check_boundaries(by=stranger, raw=geojson(GRID), file_name="g.json")
    assert refused.value.status == 403
    with pytest.raises(Refused):
        actions.save_boundaries(by=stranger, boundaries=[drawn(GRID)])
    run = actions.check_boundaries(by=administrator, raw=geojson(GRID), file_name="g.json")
    with pytest.raises(Refused) as missing:
        actions.import_boundaries(by=stranger, run=run.pk)
    assert missing.value.status == 404


# --- tree and units


def test_an_area_is_added_renamed_and_closed(administrator):
    actions.add_area(by=administrator, code=HILL + "003", name="新建村第3网格")
    actions.edit_area(by=administrator, code=HILL + "003", name="后山网格")
    assert queries.area_name(HILL + "003") == "后山网格"
    actions.close_area(by=administrator, code=HILL + "003", reason="并入第2网格")
    assert not Area.objects.get(code=HILL + "003").active


@pytest.mark.parametrize(
    ("code", "name"),
    [("43018", "短码"), (HILL + "001", "已有"), ("430181999001", "无上级"), (HILL + "004", " ")],
)
def test_a_wrong_area_is_refused_by_field(administrator, code, name):
    with pytest.raises(Refused) as refused:
        actions.add_area(by=administrator, code=code, name=name)
    assert refused.value.fields or refused.value.status == 403


def test_an_area_in_use_stays_open(administrator):
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=account().pk)
    for code, why in ((WEST, "下级区域"), (GRID, "网格员")):
        with pytest.raises(Refused, match=why):
            actions.close_area(by=administrator, code=code, reason="撤并")


def test_a_stranger_edits_no_area_and_no_unit(county, stranger):
    for attempt in (
        lambda: actions.edit_area(by=stranger, code=GRID, name="别名"),
        lambda: actions.add_area(by=stranger, code=HILL + "003", name="别名"),
        lambda: actions.close_area(by=stranger, code=GRID, reason="撤并"),
        lambda: actions.set_unit(by=stranger, code="CG1", name="中队", kind="station", area=WEST),
        lambda: actions.set_keeper(by=stranger, grid=GRID, post="worker", account=account().pk),
        lambda: actions.end_keeper(by=stranger, grid=GRID, post="worker", reason="调离岗位"),
        lambda: actions.set_branch(by=stranger, community=RIVER, name="支部", grids=[GRID]),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403


def test_a_unit_is_made_changed_and_told(administrator):
    head = account()
    actions.set_unit(
        by=administrator, code="CG", name="城管局", kind="department", area=COUNTY, function="CG"
    )
    unit = actions.set_unit(
        by=administrator,
        code="CG1",
        name="城管中队",
        kind="station",
        area=WEST,
        function="CG",
        parent="CG",
        head=head.pk,
    )
    assert unit.parent.code == "CG" and unit.head == head
    assert queries.unit_for("CG", GRID) == "CG1"
    assert told("UnitChanged")[-1] == {"unit": "CG1", "active": True}
    with pytest.raises(Refused) as refused:
        actions.set_unit(
            by=administrator, code="CG", name="", kind="?", area="430181999", parent="CG1", head=-1
        )
    assert set(refused.value.fields) == {"name", "kind", "area", "parent", "head"}


def test_a_unit_with_work_in_hand_stays_open(administrator):
    actions.set_unit(by=administrator, code="CG1", name="城管中队", kind="station", area=WEST, function="CG")
    ports.register_holding("工单", lambda unit: 3 if unit == "CG1" else 0)
    try:
        with pytest.raises(Refused, match="工单 3 件"):
            actions.close_unit(by=administrator, code="CG1", reason="机构改革")
    finally:
        ports.unregister_holding("工单")
    actions.close_unit(by=administrator, code="CG1", reason="机构改革")
    assert queries.unit_for("CG", GRID) is None and not Unit.objects.get(code="CG1").active


def test_a_unit_over_open_units_stays_open(administrator, stranger):
    actions.set_unit(by=administrator, code="CG", name="城管局", kind="department", area=COUNTY)
    actions.set_unit(by=administrator, code="CG1", name="城管中队", kind="station", area=WEST, parent="CG")
    with pytest.raises(Refused, match="下级单位"):
        actions.close_unit(by=administrator, code="CG", reason="机构改革")
    with pytest.raises(Refused) as refused:
        actions.close_unit(by=stranger, code="CG1", reason="机构改革")
    assert refused.value.status == 403


# --- keepers and branches


def test_a_new_keeper_ends_the_old_post_and_takes_the_role_along(administrator):
    first, second = account("甲"), account("乙")
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=first.pk)
    assert Grant.objects.get(account=first, role="grid_worker", valid_to=None).area == GRID
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=second.pk)
    assert Keeper.objects.get(account=first).until is not None
    assert not Grant.objects.filter(account=first, role="grid_worker", valid_to=None).exists()
    assert queries.keepers(GRID) == {"worker": second.pk, "deputy": None}
    assert told("GridWorkerChanged")[-1] == {
        "grid": GRID, "post": "worker", "account": second.pk, "before": first.pk
    }  # fmt: skip


def test_the_same_keeper_again_changes_nothing(administrator):
    someone = account()
    for _ in range(2):
        actions.set_keeper(by=administrator, grid=GRID, post="worker", account=someone.pk)
    assert Keeper.objects.count() == 1 and len(told("GridWorkerChanged")) == 1


def test_nobody_is_worker_and_deputy_of_one_grid(administrator):
    someone = account()
    actions.set_keeper(by=administrator, grid=GRID, post="deputy", account=someone.pk)
    with pytest.raises(Refused, match="有误") as refused:
        actions.set_keeper(by=administrator, grid=GRID, post="worker", account=someone.pk)
    assert "副网格员" in refused.value.fields["account"][0]


def test_a_post_is_left_empty_only_with_a_reason(administrator):
    someone = account()
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=someone.pk)
    with pytest.raises(Refused):
        actions.end_keeper(by=administrator, grid=GRID, post="worker", reason=" ")
    actions.end_keeper(by=administrator, grid=GRID, post="worker", reason="调离岗位")
    assert queries.keepers(GRID)["worker"] is None and told("GridWorkerChanged")[-1]["account"] is None
    with pytest.raises(Refused, match="没有人"):
        actions.end_keeper(by=administrator, grid=GRID, post="worker", reason="调离岗位")


def test_a_grid_has_one_branch(administrator):
    secretary = account(party_member=True)
    one = actions.set_branch(
        by=administrator, community=RIVER, name="第一支部", grids=[GRID, NEXT], secretary=secretary.pk
    )
    assert one.members.get().account == secretary
    with pytest.raises(Refused) as refused:
        actions.set_branch(by=administrator, community=RIVER, name="第二支部", grids=[NEXT, PLAIN + "001"])
    assert len(refused.value.fields["grids"]) == 2
    actions.set_branch(by=administrator, community=RIVER, name="第一支部", grids=[GRID], branch=one.pk)
    two = actions.set_branch(by=administrator, community=RIVER, name="第二支部", grids=[NEXT])
    assert BranchGrid.objects.get(grid=NEXT).branch == two


def test_only_party_members_join_a_branch_and_a_secretary_stays(administrator, stranger):
    secretary, member, other = account(party_member=True), account(party_member=True), account()
    branch = actions.set_branch(
        by=administrator, community=RIVER, name="第一支部", grids=[GRID], secretary=secretary.pk
    )
    actions.add_member(by=administrator, branch=branch.pk, account=member.pk)
    with pytest.raises(Refused):
        actions.add_member(by=administrator, branch=branch.pk, account=other.pk)
    with pytest.raises(Refused):
        actions.add_member(by=stranger, branch=branch.pk, account=member.pk)
    with pytest.raises(Refused, match="书记"):
        actions.remove_member(by=administrator, branch=branch.pk, account=secretary.pk)
    actions.remove_member(by=administrator, branch=branch.pk, account=member.pk)
    assert branch.members.count() == 1
    with pytest.raises(Refused):
        actions.close_branch(by=stranger, branch=branch.pk, reason="撤并")
    actions.close_branch(by=administrator, branch=branch.pk, reason="撤并")
    assert not Branch.objects.get(pk=branch.pk).active and not BranchGrid.objects.exists()


# --- profile


def test_the_profile_takes_a_picture_and_nothing_else(administrator, stranger):
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    profile = actions.set_profile(by=administrator, name="浏阳邻里", county=COUNTY, welcome="您好", logo=png)
    assert profile.logo_type == "image/png" and queries.profile().name == "浏阳邻里"
    with pytest.raises(Refused) as refused:
        actions.set_profile(by=administrator, name="", county="999999", logo=b"<svg>")
    assert set(refused.value.fields) == {"name", "county", "logo"}
    clerk = holding("community_clerk", COUNTY)
    with pytest.raises(Refused):
        actions.set_profile(by=clerk, name="别的名字")
    with pytest.raises(Refused):
        actions.finish_setup(by=clerk)
    actions.finish_setup(by=administrator)
    assert Profile.objects.get(pk=1).set_up is not None


@pytest.mark.parametrize(
    ("name", "level", "kind"),
    [
        ("淮川街道", "street", "街道"),
        ("大瑶镇", "street", "镇"),
        ("新建村", "community", "村"),
        ("第1网格", "grid", ""),
    ],
)
def test_the_kind_of_an_area_stands_at_the_end_of_its_name(name, level, kind):
    assert actions.boundaries.kind_of(name, level) == kind


def test_a_handover_places_keepers_as_an_appointment_does(administrator):
    first = account()
    kept = actions.posts.place_keeper(by=administrator, grid=GRID, post="worker", account=first.pk)
    assert actions.set_keeper(by=administrator, grid=GRID, post="worker", account=first.pk) == kept
