from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "linli.kernel.deadlines"
    label = "deadlines"
    verbose_name = "时限"

    def ready(self) -> None:
        from linli.kernel.web.registry import NavEntry, register_nav

        register_nav(
            NavEntry(
                "工作日历",
                "deadlines:calendar",
                verb="deadlines.edit",
                order=810,
                group="system.time",
                words="各年放假与调休的依据和状态，更正某一天，录入新一年的安排。",
            ),
            NavEntry(
                "工作时",
                "deadlines:duty_hours",
                verb="deadlines.edit",
                order=812,
                group="system.time",
                words="各区域的值班时段，按生效日期保留版本。",
            ),
        )
