from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.kernel.identity.fields import BlindIndexField, EncryptedTextField


class Account(AbstractUser):
    """Somebody, or something, that signs in: staff by name and password, residents by phone code, services by token."""

    first_name = None
    last_name = None
    name = models.CharField("姓名", max_length=64)
    kind = models.CharField(
        max_length=8,
        choices=[("staff", "工作人员"), ("resident", "居民"), ("service", "系统接口")],
        default="staff",
    )
    phone = EncryptedTextField("手机号", blank=True, default="")
    phone_index = BlindIndexField(null=True, blank=True)
    unit = models.CharField("所在单位代码", max_length=32, blank=True, default="")
    party_member = models.BooleanField("中共党员", default=False)
    demo = models.BooleanField("演示数据", default=False)
    large_font = models.BooleanField("大字版", default=False)

    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "phone_index"],
                condition=Q(phone_index__isnull=False),
                name="one_account_per_phone_kind",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)


class ApiToken(models.Model):
    """A bearer token for `/api`: shown once, stored as SHA-256; `scopes` narrow what its account may do."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    name = models.CharField("用途", max_length=64)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=64), default=list)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)
    last_used = models.DateTimeField(null=True)


class PhoneCode(models.Model):
    """A sign-in code sent to a phone: hashed, five tries, ten minutes. Also what the rate limits count."""

    phone_index = BlindIndexField(db_index=True)
    client_index = BlindIndexField("来源地址索引", null=True)
    purpose = models.CharField(
        max_length=8, choices=[("sign_in", "登录"), ("change", "更换手机号")], default="sign_in"
    )
    digest = models.BinaryField(max_length=32)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    used = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["client_index", "created"], name="phone_code_by_client")]


class FailedSignIn(models.Model):
    """A wrong password, kept for the lock-out of one name from one address; neither is readable from it."""

    name_index = BlindIndexField()
    client_index = BlindIndexField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["name_index", "client_index", "at"], name="failed_sign_in_lookup")]


class SignIn(models.Model):
    """A session somebody opened on a device; shown to them under “我的设备”, ended from there."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="sign_ins")
    session = models.CharField("会话", max_length=64, unique=True)
    device = models.CharField("设备", max_length=64)
    network = models.CharField("网络地址", max_length=45, blank=True, default="")
    at = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="sign_in_by_account")]
