"""Whose linli this is: the county's name, logo and welcome; and the end of the first run."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from linli.areas.models import Area, Profile
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record

LOGO_TYPES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}  # by their first bytes, no SVG
LOGO_BYTES = 256 * 1024


def locked_profile() -> Profile:
    Profile.objects.get_or_create(pk=1)
    return Profile.objects.select_for_update().get(pk=1)


@transaction.atomic
def set_profile(
    *, by: Actor, name: str, county: str = "", welcome: str = "", logo: bytes = b"", demo: bool | None = None
) -> Profile:
    """Name, county, welcome and logo (PNG or JPEG up to 256 KB; empty keeps the old one)."""
    require(by, "site.setup")
    row = locked_profile()
    kind = next((kind for head, kind in LOGO_TYPES.items() if logo.startswith(head)), "")
    wrong = {}
    if not name.strip():
        wrong["name"] = ["请填写平台名称"]
    if county and not Area.objects.filter(code=county, level="county").exists():
        wrong["county"] = ["没有这个县（市），请先导入区划"]
    if logo and not kind:
        wrong["logo"] = ["徽标应为 PNG 或 JPEG 图片"]
    elif len(logo) > LOGO_BYTES:
        wrong["logo"] = ["徽标超过 256 KB，请缩小后再传"]
    if wrong:
        raise Refused("设置有误，请按提示改正。", code="wrong_profile", fields=wrong)
    row.name, row.county, row.welcome = name.strip()[:40], county or row.county, welcome.strip()[:200]
    if logo:
        row.logo, row.logo_type = logo, kind
    row.demo = row.demo if demo is None else demo
    row.save()
    record(
        subject="areas.profile:1", verb="set_profile", by=by, fields={"name": row.name, "county": row.county}
    )
    return row


@transaction.atomic
def finish_setup(*, by: Actor) -> Profile:
    """Closes the first-run pages to whoever is not an administrator."""
    require(by, "site.setup")
    row = locked_profile()
    if not Area.objects.filter(level="county", active=True).exists():
        raise Refused("还没有区划，请先导入区划或载入演示数据。", code="no_county")
    if row.set_up is None:
        row.set_up = timezone.now()
        row.save(update_fields=["set_up", "changed"])
        record(subject="areas.profile:1", verb="finish_setup", by=by)
    return row
