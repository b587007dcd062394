"""What a notice says and when it may go out. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
KINDS = {"in_app": "站内信", "sms": "短信", "wecom": "企业微信", "dingtalk": "钉钉", "email": "电子邮件"}
ADDRESSED = frozenset(
    {"sms", "email"}
)  # kinds that go to a person's own address; the others to a group's robot
_PLACE = re.compile(r"\{(\w*)\}")
_PHONE = re.compile(r"\+?\d[\d -]{4,18}\d")
LONGEST_VALUE = 500


class TemplateError(ValueError):
    """A template that cannot be used, or values it was not given; names both."""


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of notice. `texts` by channel kind beats `text`; `variables` are all names it may use."""

    code: str
    version: int
    title: str
    text: str
    variables: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ("in_app",)
    urgent: bool = False
    sensitive: bool = False
    expires_minutes: int = 0
    status: str = "to_confirm"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A nightly window of wall-clock time; `start` == `end` means there is none."""

    start: time
    end: time


def read_template(raw: Mapping[str, object], *, version: int, status: str, source: str) -> Template:
    """A template from its YAML row. TemplateError names every defect at once."""
    faults: list[str] = []
    code = str(raw.get("code", ""))
    if not re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", code):
        faults.append("code 应为“房间.名称”")
    texts = {str(k): str(v) for k, v in dict(raw.get("texts") or {}).items()}  # type: ignore[call-overload]
    variables = tuple(str(v) for v in raw.get("variables") or ())  # type: ignore[attr-defined]
    channels = tuple(str(c) for c in raw.get("channels") or ("in_app",))  # type: ignore[attr-defined]
    for kind in (*texts, *channels):
        if kind not in KINDS:
            faults.append(f"没有“{kind}”这种通道")
    wordings = [str(raw.get("title") or ""), str(raw.get("text") or ""), *texts.values()]
    if not all(wordings[:2]):
        faults.append("title 和 text 都要写")
    used = {name for wording in wordings for name in _PLACE.findall(wording)}
    for name in sorted(used - set(variables)):
        faults.append(f"用到了没有列出的变量“{name}”")
    if faults:
        raise TemplateError(f"通知模板 {code or '（无名）'}：{'；'.join(faults)}")
    return Template(
        code=code,
        version=int(str(raw.get("version") or version)),
        title=wordings[0],
        text=wordings[1],
        variables=variables,
        texts=texts,
        channels=channels,
        urgent=bool(raw.get("urgent")),
        sensitive=bool(raw.get("sensitive")),
        expires_minutes=int(str(raw.get("expires_minutes") or 0)),
        status=str(raw.get("status") or status),
        source=str(raw.get("source") or source),
    )


def render(template: Template, kind: str, context: Mapping[str, object]) -> tuple[str, str]:
    """(title, text) for a channel; TemplateError when a variable was not given. A value is cut at 500 characters."""
    missing = [name for name in template.variables if name not in context]
    if missing:
        raise TemplateError(f"通知模板 {template.code} 缺少变量：{'、'.join(missing)}")

    def fill(wording: str) -> str:
        return _PLACE.sub(lambda place: str(context[place[1]])[:LONGEST_VALUE], wording)

    title = " ".join(fill(template.title).split())
    return title[:100], fill(template.texts.get(kind, template.text))


def reworded(
    template: Template, *, version: int, title: str, text: str, texts: Mapping[str, str]
) -> Template:
    """The template in other words. TemplateError names every defect: an empty text, a place nobody fills, a channel
    that does not exist."""
    wordings = {"": text, **texts}
    faults = [] if title.strip() and text.strip() else ["标题和正文都要写"]
    faults += [f"没有“{kind}”这种通道" for kind in texts if kind not in KINDS]
    used = {name for wording in (title, *wordings.values()) for name in _PLACE.findall(wording)}
    faults += [
        f"没有“{{{name}}}”这个占位符，可用：{places(template)}"
        for name in sorted(used - set(template.variables))
    ]
    stray = [
        wording for wording in (title, *wordings.values()) if re.search(r"[{}]", _PLACE.sub("", wording))
    ]
    faults += ["花括号要成对，且只用于占位符"] if stray else []
    if len(title) > 100:
        faults.append("标题不超过 100 字")
    if faults:
        raise TemplateError("；".join(faults))
    return replace(template, version=version, title=title, text=text, texts=dict(texts))


def places(template: Template) -> str:
    """{title}、{place}; 无 when the template has none."""
    return "、".join(f"{{{name}}}" for name in template.variables) or "无"


SAMPLES = {
    "title": "路灯不亮", "place": "淮川街道城西社区第一网格", "left": "还剩 3 工作时", "number": "430181-20260301-00017",
    "unit": "城市管理局", "outcome": "已更换灯头，恢复照明", "text": "这是一段示例内容", "channel": "短信", "name": "张*",
    "until": "2026年3月6日 周五 17:30", "reason": "材料不齐", "code": "123456",
}  # fmt: skip


def sample(template: Template) -> dict[str, str]:
    """A value for every variable, to show how a notice will read."""
    return {name: SAMPLES.get(name, f"〔{name}〕") for name in template.variables}


def masked_url(url: str) -> str:
    """jsons://****: which kind of gateway it is, never its host or key."""
    scheme, mark, _ = url.partition("://")
    return f"{scheme}://****" if mark else "****"


def quiet_until(now: datetime, quiet: Quiet) -> datetime | None:
    """When the quiet time `now` lies in ends; None when it is no quiet time."""
    local = now.astimezone(SHANGHAI)
    if quiet.start == quiet.end:
        return None
    clock = local.time()
    overnight = quiet.start > quiet.end
    inside = (clock >= quiet.start or clock < quiet.end) if overnight else quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if overnight and clock >= quiet.start else 0)
    return datetime.combine(day, quiet.end, SHANGHAI)


def next_try(now: datetime, attempts: int, pauses: tuple[int, ...]) -> datetime | None:
    """When to try again after `attempts` failures; None when it is given up."""
    return now + timedelta(seconds=pauses[attempts - 1]) if attempts <= len(pauses) else None


def kind_of(address: str) -> str | None:
    """sms or email; None for what is neither."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        return "email"
    return "sms" if _PHONE.fullmatch(address) else None


def masked(address: str) -> str:
    """138****5678, z***@example.org."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{address[:3]}****{address[-4:]}" if len(address) >= 9 else "****"
