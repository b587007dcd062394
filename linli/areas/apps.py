from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AreasConfig(AppConfig):
    name = "linli.areas"
    label = "areas"
    verbose_name = "区域"

    def ready(self) -> None:
        from linli.areas import duties, jobs, own_duties, sheets  # noqa: F401  jobs register their timers
        from linli.kernel.web.imports import register_import
        from linli.kernel.web.registry import NavEntry, register_nav

        duties.register("areas.posts", own_duties.posts_of, own_duties.move_posts, label="网格岗位")
        duties.register("areas.branches", own_duties.branches_of, own_duties.move_branches, label="支部岗位")
        duties.register("areas.units", own_duties.units_of, own_duties.move_units, label="单位负责人")
        register_import(sheets.UNITS)
        register_nav(
            NavEntry(_("区域"), "areas:tree", "areas.view", order=70, group="map"),
            NavEntry(_("移交"), "areas:handovers", "areas.view", order=75),
        )
