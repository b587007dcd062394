import uuid

from django.conf import settings
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q

LEVELS = [("county", "县（市）"), ("street", "乡镇街道"), ("community", "村（社区）"), ("grid", "网格")]
LENGTH = {"county": 6, "street": 9, "community": 12, "grid": 15}


class Area(models.Model):
    """County, town/street, village/community or grid; its code carries its place in the tree."""

    code = models.CharField("代码", max_length=15, unique=True)
    name = models.CharField("名称", max_length=64)
    level = models.CharField("层级", max_length=9, choices=LEVELS)
    kind = models.CharField("类型", max_length=16, blank=True, default="")  # 街道 镇 乡 村 社区
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    pinyin = models.CharField(max_length=128, blank=True, default="")
    outline = models.JSONField("边界", null=True)  # GeoJSON geometry, WGS-84
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    square_metres = models.FloatField(default=0)
    illustrative = models.BooleanField("示意边界", default=False)
    demo = models.BooleanField("演示数据", default=False)
    active = models.BooleanField("启用", default=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(level="county", code__regex=r"^\d{6}$")
                | Q(level="street", code__regex=r"^\d{9}$")
                | Q(level="community", code__regex=r"^\d{12}$")
                | Q(level="grid", code__regex=r"^\d{15}$"),
                name="area_code_fits_level",
            ),
        ]
        indexes = [
            models.Index(fields=["level", "code"], name="area_by_level"),
            models.Index(fields=["changed"], name="area_by_change"),
        ]

    def __str__(self) -> str:
        return self.name


class Located(models.Model):
    """Everything that happens somewhere: WGS-84 degrees, the same in metres, and the codes scope filters use.

    `east`, `north` are CGCS2000 3° Gauss–Krüger metres on settings.LINLI_MERIDIAN; GiST on the built-in
    `point(east, north)` answers near-by (see `near_index`). A place may be known only to a community (no point).
    """

    lon = models.FloatField("经度", null=True)
    lat = models.FloatField("纬度", null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    source_crs = models.CharField(max_length=8, default="wgs84")
    grid = models.CharField("网格", max_length=15, blank=True, default="")
    community = models.CharField("村（社区）", max_length=12, blank=True, default="")
    street = models.CharField("乡镇街道", max_length=9, blank=True, default="")
    county = models.CharField("县（市）", max_length=6, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def area(self) -> str:
        """The finest area code known."""
        return self.grid or self.community or self.street or self.county


def near_index(name: str, condition: Q | None = None) -> GistIndex:
    """The GiST index a Located model declares to be found by distance (no extension needed)."""
    return GistIndex(Func(F("east"), F("north"), function="point"), name=name, condition=condition)


class Unit(models.Model):
    """A department, station, committee, centre or firm that work is given to."""

    KINDS = [
        ("department", "县直部门"),
        ("station", "乡镇站所"),
        ("committee", "村（居）委会"),
        ("centre", "中心"),
        ("firm", "企业"),
    ]
    code = models.CharField("代码", max_length=32, unique=True)
    name = models.CharField("名称", max_length=64)
    kind = models.CharField("类型", max_length=12, choices=KINDS)
    function = models.CharField(
        "职能代码", max_length=16, blank=True, default=""
    )  # CG, ZJ …: what routing names
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    area = models.CharField("区域代码", max_length=15)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    active = models.BooleanField("启用", default=True)
    demo = models.BooleanField("演示数据", default=False)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["function", "area"], name="unit_by_function")]

    def __str__(self) -> str:
        return self.name


class Branch(models.Model):
    """A party branch. It stands on one or several grids."""

    name = models.CharField("名称", max_length=64)
    community = models.CharField("所在村（社区）", max_length=12)
    secretary = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    active = models.BooleanField(default=True)
    demo = models.BooleanField("演示数据", default=False)

    def __str__(self) -> str:
        return self.name


class BranchGrid(models.Model):
    """A branch stands on a grid; a grid has one branch."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="grids")
    grid = models.CharField("网格", max_length=15, unique=True)


class BranchMember(models.Model):
    """A party member of a branch."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="members")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "account"], name="one_membership_each")]


class Keeper(models.Model):
    """Who keeps a grid, from when to when: its grid worker and the deputy."""

    grid = models.CharField("网格", max_length=15)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="keeps")
    post = models.CharField("岗位", max_length=8, choices=[("worker", "网格员"), ("deputy", "副网格员")])
    since = models.DateTimeField("到任")
    until = models.DateTimeField("离任", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "post"], condition=Q(until=None), name="one_keeper_per_post"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="keeper_leaves_after_coming"
            ),
        ]
        indexes = [models.Index(fields=["account"], condition=Q(until=None), name="keeper_by_account")]


class BoundaryRun(models.Model):
    """A boundary file between its dry run and its confirmation; the content goes when the run ends."""

    STATES = [("checked", "已检查"), ("done", "已导入"), ("dropped", "已放弃")]
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField("文件名", max_length=200)
    content = models.BinaryField(default=bytes)
    system = models.CharField("坐标系", max_length=8, blank=True, default="")
    illustrative = models.BooleanField("示意边界", default=False)
    found = models.JSONField(default=dict)  # level -> how many areas
    findings = models.JSONField(default=list)  # kind, serious, codes, message
    state = models.CharField(max_length=8, choices=STATES, default="checked")

    @property
    def errors(self) -> list[dict]:
        return [finding for finding in self.findings if finding["serious"]]

    @property
    def warnings(self) -> list[dict]:
        return [finding for finding in self.findings if not finding["serious"]]


class Profile(models.Model):
    """The one row that says whose linli this is; `set_up` closes the first-run pages."""

    county = models.CharField("县（市）代码", max_length=6, blank=True, default="")
    name = models.CharField("平台名称", max_length=40, default="邻里")
    logo = models.BinaryField("徽标", default=bytes, blank=True)
    logo_type = models.CharField(max_length=32, blank=True, default="")
    welcome = models.CharField("欢迎语", max_length=200, blank=True, default="")
    demo = models.BooleanField("演示数据在用", default=False)
    set_up = models.DateTimeField("完成设置", null=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_profile")]

    def __str__(self) -> str:
        return self.name


class Handover(models.Model):
    """One signed list that moves every open duty of one person to another, for good or until a day."""

    REASONS = [("leave", "请假"), ("ill", "病休"), ("substitute", "临时替岗"), ("resign", "离任")]
    STATES = [
        ("drafted", "待签字"),
        ("signed", "已签字"),
        ("moved", "已移交"),
        ("returned", "已交还"),
        ("cancelled", "已撤销"),
    ]
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="移交人"
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="接收人"
    )
    area = models.CharField("区域代码", max_length=15, blank=True, default="")
    reason = models.CharField("原因", max_length=10, choices=REASONS)
    note = models.CharField("说明", max_length=200, blank=True, default="")
    starts = models.DateField("开始日期")
    ends = models.DateField("结束日期", null=True)
    items = models.JSONField(default=list)  # [kind, id, title]: as signed, then as moved
    state = models.CharField("状态", max_length=9, choices=STATES, default="drafted")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    giver_signed = models.DateTimeField("移交人签字", null=True)
    receiver_signed = models.DateTimeField("接收人签字", null=True)
    admin = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    admin_signed = models.DateTimeField("代签", null=True)
    admin_reason = models.CharField("代签理由", max_length=200, blank=True, default="")
    moved_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(giver=F("receiver")), name="handover_is_to_another"),
            models.CheckConstraint(
                condition=Q(ends=None) | Q(ends__gte=F("starts")), name="handover_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(admin=None) | ~Q(admin_reason=""), name="signing_for_another_has_reason"
            ),
            models.UniqueConstraint(
                fields=["giver"], condition=Q(state__in=["drafted", "signed"]), name="one_open_handover_each"
            ),
        ]
        indexes = [
            models.Index(fields=["starts"], condition=Q(state="signed"), name="handover_waiting"),
            models.Index(fields=["ends"], condition=Q(state="moved"), name="handover_to_return"),
        ]
