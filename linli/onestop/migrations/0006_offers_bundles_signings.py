import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import linli.kernel.identity.fields


class Migration(migrations.Migration):
    dependencies = [
        ("onestop", "0005_outlet_shelf_and_centre"),
        ("people", "0002_closing_and_retention"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Bundle",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("grid", models.CharField(blank=True, default="", max_length=15, verbose_name="网格")),
                (
                    "community",
                    models.CharField(blank=True, default="", max_length=12, verbose_name="村（社区）"),
                ),
                ("street", models.CharField(blank=True, default="", max_length=9, verbose_name="乡镇街道")),
                ("county", models.CharField(blank=True, default="", max_length=6, verbose_name="县（市）")),
                ("code", models.CharField(max_length=16, verbose_name="一件事")),
                ("edition", models.SmallIntegerField(verbose_name="目录版本")),
                (
                    "authority",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="代办依据"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("offered", "已提示，等申请"),
                            ("draft", "正在填写"),
                            ("submitted", "办理中"),
                            ("done", "全部办结"),
                            ("declined", "不需要"),
                            ("void", "已失效"),
                        ],
                        default="draft",
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                (
                    "form",
                    linli.kernel.identity.fields.EncryptedTextField(
                        blank=True, default="", verbose_name="申请表"
                    ),
                ),
                ("facts", models.JSONField(default=dict)),
                ("papers", models.JSONField(default=dict)),
                ("sender", models.CharField(max_length=80)),
                ("client_uuid", models.UUIDField(default=uuid.uuid4)),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="开始")),
                ("submitted_at", models.DateTimeField(null=True, verbose_name="提交")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="办完")),
            ],
        ),
        migrations.CreateModel(
            name="BundlePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("item", models.CharField(max_length=16, verbose_name="事项")),
                ("place", models.SmallIntegerField(verbose_name="次序")),
                ("after", models.CharField(blank=True, default="", max_length=16, verbose_name="在哪件之后")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "等前一件办好"),
                            ("stuck", "还不能提交"),
                            ("open", "办理中"),
                            ("done", "已办结"),
                            ("ended", "没有办成"),
                            ("dropped", "不需要办"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("why", models.CharField(blank=True, default="", max_length=400, verbose_name="说明")),
            ],
            options={
                "ordering": ["place", "id"],
            },
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("grid", models.CharField(blank=True, default="", max_length=15, verbose_name="网格")),
                (
                    "community",
                    models.CharField(blank=True, default="", max_length=12, verbose_name="村（社区）"),
                ),
                ("street", models.CharField(blank=True, default="", max_length=9, verbose_name="乡镇街道")),
                ("county", models.CharField(blank=True, default="", max_length=6, verbose_name="县（市）")),
                ("rule", models.CharField(max_length=32, verbose_name="规则")),
                ("edition", models.SmallIntegerField(verbose_name="规则版本")),
                ("on", models.DateField(verbose_name="到龄日")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "等本人决定"),
                            ("confirmed", "已确认"),
                            ("declined", "不需要"),
                            ("lapsed", "到期未答"),
                            ("excluded", "已有待遇，未提出"),
                            ("void", "已失效"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                ("until", models.DateField(verbose_name="答复期限")),
                ("why", models.CharField(blank=True, default="", max_length=200, verbose_name="说明")),
                ("turn", models.SmallIntegerField(default=1, verbose_name="提出次数")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="提出")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="答复")),
                (
                    "how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("account", "本人账号"),
                            ("guardian", "监护人账号"),
                            ("door", "上门当面"),
                            ("window", "窗口当面"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="答复方式",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Signing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("link", models.BigIntegerField(null=True, verbose_name="通行许可")),
                ("invited", models.SmallIntegerField(default=0, verbose_name="邀请次数")),
                ("invited_at", models.DateTimeField(null=True, verbose_name="邀请")),
                ("signed_at", models.DateTimeField(null=True, verbose_name="签署")),
                (
                    "how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("account", "本人账号"),
                            ("guardian", "监护人账号"),
                            ("link", "一次性链接"),
                            ("paper", "纸质授权书"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="签署方式",
                    ),
                ),
                ("refused_at", models.DateTimeField(null=True, verbose_name="不同意")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="撤回")),
            ],
        ),
        migrations.AddField(
            model_name="application",
            name="need",
            field=models.CharField(blank=True, default="", max_length=64, verbose_name="关爱需求"),
        ),
        migrations.AddField(
            model_name="survey",
            name="first_signed_at",
            field=models.DateTimeField(null=True, verbose_name="调查人签字"),
        ),
        migrations.AddField(
            model_name="survey",
            name="lat",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="survey",
            name="lon",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="survey",
            name="objection",
            field=models.CharField(blank=True, default="", max_length=400, verbose_name="第二调查人的意见"),
        ),
        migrations.AddField(
            model_name="survey",
            name="said",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="survey",
            name="second_signed_at",
            field=models.DateTimeField(null=True, verbose_name="第二调查人签字"),
        ),
        migrations.AddIndex(
            model_name="survey",
            index=models.Index(
                condition=models.Q(("first_signed_at__isnull", False), ("second_signed_at", None)),
                fields=["second"],
                name="survey_to_sign",
            ),
        ),
        migrations.RunSQL(
            sql="UPDATE onestop_survey SET first_signed_at = done_at, second_signed_at = done_at WHERE done_at IS NOT NULL",
            reverse_sql="",
        ),
        migrations.AddConstraint(
            model_name="survey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("done_at", None),
                    models.Q(
                        ("first_signed_at__isnull", False),
                        ("second_signed_at__isnull", False),
                        models.Q(("signed", True), models.Q(("remote", ""), _negated=True), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="signed_by_all",
            ),
        ),
        migrations.AddField(
            model_name="bundle",
            name="about",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.person",
                verbose_name="为谁办",
            ),
        ),
        migrations.AddField(
            model_name="bundle",
            name="agent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="bundle",
            name="person",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.person",
                verbose_name="申请人",
            ),
        ),
        migrations.AddField(
            model_name="bundlepart",
            name="application",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="part",
                to="onestop.application",
            ),
        ),
        migrations.AddField(
            model_name="bundlepart",
            name="bundle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="onestop.bundle"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="application",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="offers",
                to="onestop.application",
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="consent",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.consent"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="onestop.item",
                verbose_name="事项",
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.person",
                verbose_name="居民",
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="recorded_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="signing",
            name="member",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="signing", to="onestop.member"
            ),
        ),
        migrations.AddField(
            model_name="signing",
            name="recorded_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="bundle",
            index=models.Index(fields=["person", "-id"], name="bundle_by_person"),
        ),
        migrations.AddIndex(
            model_name="bundle",
            index=models.Index(fields=["street", "-id"], name="bundle_by_street"),
        ),
        migrations.AddConstraint(
            model_name="bundle",
            constraint=models.UniqueConstraint(
                fields=("sender", "client_uuid"), name="one_bundle_a_client_uuid"
            ),
        ),
        migrations.AddConstraint(
            model_name="bundle",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("about__isnull", False), ("state__in", ("offered", "draft", "submitted"))
                ),
                fields=("code", "about"),
                name="one_bundle_about",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("person", None),
                    ("about", None),
                    models.Q(("person", models.F("about")), _negated=True),
                    _connector="OR",
                ),
                name="a_bundle_is_about_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["submitted", "done"]), _negated=True),
                    models.Q(("person__isnull", False), ("submitted_at__isnull", False)),
                    _connector="OR",
                ),
                name="a_bundle_has_an_applicant",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundlepart",
            constraint=models.UniqueConstraint(fields=("bundle", "item"), name="one_part_an_item"),
        ),
        migrations.AddConstraint(
            model_name="bundlepart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["open", "done", "ended"]), _negated=True),
                    ("application__isnull", False),
                    _connector="OR",
                ),
                name="a_part_under_way_is_a_case",
            ),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(condition=models.Q(("state", "open")), fields=["until"], name="offer_open"),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(fields=["street", "-id"], name="offer_by_street"),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(fields=["person"], name="offer_by_person"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(fields=("rule", "person"), name="one_offer_a_rule_and_person"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "confirmed"), _negated=True),
                    models.Q(
                        ("answered_at__isnull", False),
                        ("application__isnull", False),
                        ("consent__isnull", False),
                        models.Q(("how", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="nobody_is_enrolled_unasked",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "declined"), _negated=True),
                    models.Q(("answered_at__isnull", False), models.Q(("how", ""), _negated=True)),
                    _connector="OR",
                ),
                name="a_no_was_said_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "excluded"), _negated=True),
                    models.Q(("why", ""), _negated=True),
                    _connector="OR",
                ),
                name="excluded_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="signing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signed_at", None), models.Q(("how", ""), _negated=True), _connector="OR"
                ),
                name="a_signature_says_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="signing",
            constraint=models.CheckConstraint(
                condition=models.Q(("signed_at", None), ("refused_at", None), _connector="OR"),
                name="signed_or_refused",
            ),
        ),
    ]
