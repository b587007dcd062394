from pathlib import Path

from django.apps import AppConfig


class PublicityConfig(AppConfig):
    name = "linli.publicity"
    label = "publicity"
    verbose_name = "公示"

    def ready(self) -> None:
        from linli.dispatch.background import register_background
        from linli.dispatch.registry import OrderKind, register
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects
        from linli.kernel.web.registry import NavEntry, register_nav
        from linli.publicity import jobs, offline, reactions  # noqa: F401  they register themselves
        from linli.publicity.subjects import NOTICE, OBJECTION, POSTING

        register(OrderKind("publicity.post", "公示张贴", verify="none", form="publicity.post"))
        register_background("publicity", offline.background_of)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        for one in (NOTICE, POSTING, OBJECTION):
            subjects.register(one)
        offline.register()
        register_nav(
            NavEntry("公示", "publicity:desk", verb="publicity.view", order=32),
            NavEntry("公示异议", "publicity:objections", verb="publicity.rule", order=33),
            NavEntry("公示", "publicity:public", order=45, audience="resident"),
        )
