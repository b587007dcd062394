"""Handing a message to the outside: apprise for gateways, a page for the demo. No database in `hand_over`."""

import logging
import re
from dataclasses import dataclass
from urllib.parse import quote

import apprise
from django.conf import settings

from linli.kernel.notify.models import Channel
from linli.kernel.notify.registry import delivery
from linli.kernel.notify.rules import ADDRESSED, KINDS

CONSOLE = "console://"
_STATUS = re.compile(r"error=(\d+)")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message ready to leave. `url` is "" where the kind has no gateway."""

    notice: int
    kind: str
    url: str
    address: str
    title: str
    text: str


def gateway_urls() -> dict[str, str]:
    """Gateway by kind: the Channel table beats settings.LINLI_CHANNELS; the demo shows what has none on a page."""
    urls: dict[str, str] = dict(getattr(settings, "LINLI_CHANNELS", {}))
    for row in Channel.objects.all():
        urls[row.kind] = row.url if row.active else ""
    if not getattr(settings, "PRODUCTION", True):
        for kind in KINDS:
            urls.setdefault(kind, CONSOLE)
    return urls


def addressed_url(url: str, address: str) -> str:
    return url.replace("{address}", quote(address, safe=""))


def readable(url: str) -> bool:
    """Whether apprise understands the URL."""
    return (
        apprise.Apprise.instantiate(addressed_url(url, "13800000000"), suppress_exceptions=True) is not None
    )


def hand_over(parcel: Parcel) -> str:
    """Sends; "" when the gateway took it, else why not in words without address or key. Never raises."""
    if not parcel.url:
        return f"没有启用“{KINDS[parcel.kind]}”通道，请管理员在通知设置中配置"
    if parcel.kind in ADDRESSED and not parcel.address:
        return "收件人没有登记手机号或邮箱"
    try:
        gateway = apprise.Apprise.instantiate(
            addressed_url(parcel.url, parcel.address), suppress_exceptions=True
        )
        if gateway is None:
            return "通道的网关地址写法不对，请管理员检查"
        gateway.socket_connect_timeout = delivery().connect
        gateway.socket_read_timeout = delivery().read
        with apprise.LogCapture(level=logging.WARNING) as said:
            taken = gateway.notify(body=parcel.text, title=parcel.title)
            log = said.getvalue()
    except Exception as error:  # a plugin's fault must not stop the others
        return f"通道程序出错（{type(error).__name__}）"
    if taken:
        return ""
    status = _STATUS.search(log)
    return f"网关拒绝（HTTP {status[1]}）" if status else "网关连接不上或超时"
