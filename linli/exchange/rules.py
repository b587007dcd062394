"""How a message is signed, where it may go, what an answer means, when it is tried again. Pure."""

import base64
import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

SECRET_MARK = "whsec_"
LONGEST_URL = 500
# Addresses of clouds' own metadata services that lie outside the link-local range: never a receiver, whatever the setting.
METADATA = frozenset({"100.100.100.200", "fd00:ec2::254", "168.63.129.16"})
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")


@dataclass(frozen=True, slots=True)
class Hook:
    """A kind of message an outside system may ask for; only `fields` of the fact leave the house."""

    fact: str
    zh: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver's address taken apart; `path` holds the query too."""

    secure: bool
    host: str
    port: int
    path: str
    shown: str  # what the Host header says


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to: sent | again | gone | refused, in words for the list.

    `rests`: nobody is answering there at all, so the receiver's other messages need not be tried just now.
    """

    kind: str
    words: str
    status: int | None = None
    rests: bool = False


def new_secret(random: bytes) -> str:
    """`whsec_` and base64, as the Standard Webhooks specification writes a symmetric secret (24 to 64 bytes)."""
    if not 24 <= len(random) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return SECRET_MARK + base64.b64encode(random).decode()


def payload(fact: str, at: datetime, data: Mapping[str, object]) -> str:
    """The body, byte for byte the same whenever it is sent: keys in order, no spaces, UTF-8."""
    whole = {"type": fact, "timestamp": at.isoformat(timespec="milliseconds"), "data": dict(data)}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sign(secret: str, message: str, stamp: int, body: str) -> str:
    """`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks, symmetric signature).

    `stamp`: seconds since 1970. Raises ValueError for what is not a `whsec_` secret.
    """
    if not secret.startswith(SECRET_MARK):
        raise ValueError("not a whsec_ secret")
    key = base64.b64decode(secret.removeprefix(SECRET_MARK), validate=True)
    said = f"{message}.{stamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def headers(secrets: Sequence[str], message: str, stamp: int, body: str) -> dict[str, str]:
    """The three headers; several secrets (after a change) sign side by side, space-separated."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(sign(secret, message, stamp, body) for secret in secrets),
    }


def target(url: str) -> Target | None:
    """None for what is not an http(s) address with a host we can write into a request."""
    if not url.isascii() or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return None
    literal = _literal(host)
    if literal is None and not _HOST.fullmatch(host):
        return None
    secure = parts.scheme == "https"
    written = f"[{host}]" if isinstance(literal, ipaddress.IPv6Address) else host
    shown = written if port in (None, 443 if secure else 80) else f"{written}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port or (443 if secure else 80), path, shown)


def url_faults(url: str, *, inside: bool) -> list[str]:
    """What is wrong with a receiver's address, in words; names are looked up only when something is sent.

    `inside`: receivers in the own network, and plain http, are allowed (LINLI_WEBHOOK_PRIVATE=allow).
    """
    aim = target(url)
    if aim is None:
        return [
            "请填写完整的网址，例如 https://接收方域名/路径；域名写成字母（中文域名用 xn-- 写法），路径中的汉字写成 %XX"
        ]
    faults = []
    if len(url) > LONGEST_URL:
        faults.append(f"网址不能超过 {LONGEST_URL} 个字符")
    if not aim.secure and not inside:
        faults.append(
            "网址须以 https:// 开头；内网接收方确需 http 的，由运维人员设置 LINLI_WEBHOOK_PRIVATE=allow"
        )
    if "@" in urlsplit(url).netloc:
        faults.append("网址中不要写账号和密码；接收方用签名核对来源")
    if urlsplit(url).fragment:
        faults.append("网址中不要带 # 后的内容")
    bare = aim.host.rstrip(".").lower()
    if _literal(aim.host) is not None:
        said = address_fault(aim.host, inside=inside)
    else:
        local = bare == "localhost" or bare.endswith(".localhost")
        said = "不能推送到本机" if local and not inside else ""
    return [*faults, said] if said else faults


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def address_fault(written: str, *, inside: bool) -> str:
    """Why nothing may be sent to this IP address; "" when it may. IPv4 inside IPv6 is judged by the IPv4 address."""
    at: ipaddress.IPv4Address | ipaddress.IPv6Address | None = _literal(written.partition("%")[0])
    if isinstance(at, ipaddress.IPv6Address):
        if at.sixtofour is not None or at.teredo is not None:
            return "不能推送到隧道地址"
        if at in NAT64:
            at = ipaddress.IPv4Address(int(at) & 0xFFFFFFFF)
        elif at.ipv4_mapped is not None:
            at = at.ipv4_mapped
    if at is None or at.is_multicast or at.is_unspecified or str(at) in METADATA:
        return "不能推送到这个地址"
    if at.is_link_local:
        return "不能推送到链路本地地址"
    if at.is_global and not at.is_reserved:
        return ""
    if not inside:
        return "不能推送到内网或本机地址；接收方确在内网的，由运维人员设置 LINLI_WEBHOOK_PRIVATE=allow"
    own = at.is_loopback or at.is_private or at in ipaddress.ip_network("100.64.0.0/10")
    return "" if own and not _broadcast(at) else "不能推送到这个地址"


def _broadcast(at: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return isinstance(at, ipaddress.IPv4Address) and (at.is_reserved or int(at) >> 24 == 0)


MEANINGS = {
    400: "对方认为内容有误",
    401: "对方认为签名或身份不符",
    403: "对方拒绝接收",
    404: "对方没有这个地址",
    408: "对方等候超时",
    413: "对方认为内容过大",
    429: "对方要求稍后再发",
    500: "对方程序出错",
    502: "对方网关后面没有应答",
    503: "对方暂停服务",
    504: "对方网关等候超时",
}


def judge(status: int) -> Verdict:
    """What an HTTP status means for a message: 2xx arrived, 410 never again, everything else is tried again."""
    if 200 <= status < 300:
        return Verdict("sent", f"对方已收下（HTTP {status}）", status)
    if status == 410:
        return Verdict("gone", "对方答复此地址不再接收（HTTP 410）", status)
    if 300 <= status < 400:
        return Verdict("again", f"对方要求转到其他地址，本站不跟随（HTTP {status}），请改用新的网址", status)
    words = MEANINGS.get(status, "对方没有收下")
    return Verdict("again", f"{words}（HTTP {status}）", status, rests=status in (429, 502, 503, 504))


def next_try(now: datetime, attempts: int, pauses: Sequence[int]) -> datetime | None:
    """When to try again after `attempts` failures; None when it is given up."""
    return now + timedelta(seconds=pauses[attempts - 1]) if attempts <= len(pauses) else None


def given_up(failing_since: datetime | None, now: datetime, hours: int) -> bool:
    """True when nothing has arrived at a receiver for `hours`."""
    return failing_since is not None and now - failing_since >= timedelta(hours=hours)


def covers(receiver: str, area: str, county: str) -> bool:
    """Whether a receiver for the area code `receiver` is told of what happened in `area`; what has no place is the county's."""
    return area.startswith(receiver) or (not area and receiver == county)


def area_fault(code: str) -> str:
    return (
        ""
        if re.fullmatch(r"\d{6}(\d{3}){0,3}", code)
        else "区域代码应为 6 位县、9 位镇街、12 位村居或 15 位网格"
    )


def matters(data: Mapping[str, object]) -> tuple[frozenset[int], frozenset[int]] | None:
    """(incidents, orders) a message names; None when it is about a matter of a kind nobody here can judge."""
    incidents = {int(str(data[name])) for name in ("incident", "into", "out_of") if data.get(name)}
    orders = {int(str(data["order"]))} if data.get("order") else set()
    if subject := str(data.get("subject") or ""):
        kind, _, number = subject.partition(":")
        if kind != "incidents.incident" or not number.isdigit():
            return None
        incidents.add(int(number))
    return frozenset(incidents), frozenset(orders)
