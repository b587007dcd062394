"""What a department may be asked, where it may stand, and what its answer says of a member. Pure.

An answer is JSON: `{"request": "<uuid>", "found": true, "record": {...}}`, or `"found": false` for nobody known.
"""

import hashlib
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from linli.exchange.rules import MEANINGS, address_fault, target, url_faults

LONGEST_ANSWER = 65_536
KINDS = {"text": "文字", "date": "日期（年-月-日）", "bool": "是或否", "int": "整数"}
KNOWN = {"name": "姓名", "birth": "出生日期"}
LOCAL = "不能连接本机；确需连接的，由运维人员设置 LINLI_WEBHOOK_PRIVATE=allow"
PLAIN = "身份信息不得以 http 明文发往内网以外的地址，请改用 https://"


@dataclass(frozen=True, slots=True)
class Record:
    """How one material is asked and read: see data/sources.yaml."""

    path: str
    fields: Mapping[str, str]
    same: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    learn: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    code: str
    title: str
    department: str
    records: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back of one call. `status` None: nothing did, `words` say why; `closed`: it may not be called at all."""

    status: int | None
    body: bytes
    words: str
    rests: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the house knows of the member, to compare with."""

    name: str
    birth: date | None


@dataclass(frozen=True, slots=True)
class Answer:
    """match | mismatch | absent; `words` name the fields that differ, never their values."""

    result: str
    evidence: bytes
    values: Mapping[str, bool | int | str]
    words: str


class Malformed(ValueError):
    """The answer is not what was agreed; the message names the field."""


def place_fault(written: str, *, secure: bool, own: bool) -> str:
    """Why no department may be asked at this IP address; "" when it may.

    The government's network (private addresses) is where departments normally stand. Link-local and metadata addresses
    are never asked; this machine itself only with `own` (LINLI_WEBHOOK_PRIVATE=allow); plain http never outside.
    """
    if said := address_fault(written, inside=True):
        return said.replace("推送到", "连接")
    at: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(written.partition("%")[0])
    if isinstance(at, ipaddress.IPv6Address) and at.ipv4_mapped is not None:
        at = at.ipv4_mapped
    if at.is_loopback and not own:
        return LOCAL
    return PLAIN if not secure and not address_fault(written, inside=False) else ""


def source_faults(url: str, *, own: bool) -> list[str]:
    """What is wrong with a source's base address, in words; names are looked up when it is called."""
    faults = [said.replace("推送到", "连接") for said in url_faults(url, inside=True)]
    aim = target(url)
    if aim is None or faults:
        return faults or ["请填写完整的网址"]
    if "?" in aim.path:
        faults.append("接口网址中不要带 ? 后的内容")
    host = aim.host.rstrip(".").lower()
    if (host == "localhost" or host.endswith(".localhost")) and not own:
        faults.append(LOCAL)
    try:
        said = place_fault(aim.host, secure=aim.secure, own=own)
    except ValueError:
        return faults
    literal = host.replace(".", "").isdigit() or ":" in host
    return [*faults, said] if said and literal else faults


def join(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path}"


def judge_reply(reply: Reply) -> tuple[str, str]:
    """(answer | later | again | failed, words): 200 answers, 202 later; busy or broken ones are asked again, a refusal stands."""
    if reply.closed:
        return "failed", reply.words
    if reply.status is None:
        return "again", reply.words
    if reply.status == 200:
        return "answer", reply.words
    if reply.status == 202:
        return "later", "对方已受理，稍后取结果"
    words = f"{MEANINGS.get(reply.status, '对方没有办理')}（HTTP {reply.status}）"
    busy = reply.status >= 500 or reply.status in (408, 425, 429)
    return ("again" if busy else "failed"), words


def read(raw: bytes, request: str, record: Record, known: Known, today: date) -> Answer:
    """What an answer says. Raises Malformed naming the first defect; values are learned from a match alone."""
    evidence = hashlib.sha256(raw).digest()
    told = _opened(raw, request)
    if told["found"] is False:
        return Answer("absent", evidence, {}, "对方查无记录")
    given = _checked(told.get("record"), record.fields)
    known_now = {"name": known.name.strip(), "birth": known.birth}
    differ = [KNOWN[name] for name in record.same if _differs(given[name], known_now[name])]
    lapsed = [name for name in record.holds if given[name] is not True]
    if differ or lapsed:
        said = [f"{'、'.join(differ)}不一致"] if differ else []
        return Answer("mismatch", evidence, {}, "；".join([*said, *(["已失效"] if lapsed else [])]))
    values = {fact: _value(given[name], today) for fact, name in record.learn.items()}
    return Answer("match", evidence, values, "相符")


def _opened(raw: bytes, request: str) -> dict[str, Any]:
    if len(raw) > LONGEST_ANSWER:
        raise Malformed(f"答复超过 {LONGEST_ANSWER // 1024} KB")
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("答复不是 JSON") from None
    if not isinstance(told, dict):
        raise Malformed("答复应是一个 JSON 对象")
    if told.get("request") != request:
        raise Malformed("答复的 request 与请求编号不符")
    if not isinstance(told.get("found"), bool):
        raise Malformed("答复的 found 应是 true 或 false")
    return told


def _checked(raw: object, fields: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Malformed("答复缺少 record")
    return {name: _typed(raw, name, kind) for name, kind in fields.items()}


def _typed(raw: Mapping[str, Any], name: str, kind: str) -> Any:
    value = raw.get(name)
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    fits = {
        "bool": isinstance(value, bool),
        "int": whole,
        "text": isinstance(value, str) and 0 < len(value.strip()) <= 200,
        "date": isinstance(value, str) and len(value) == 10,
    }[kind]
    if fits and kind == "date":
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            fits = False
    if not fits:
        raise Malformed(f"答复的 {name} 应是{KINDS[kind]}")
    return value


def _differs(given: object, known: object) -> bool:
    """What the house does not know cannot differ."""
    return known not in (None, "") and (given.strip() if isinstance(given, str) else given) != known


def _value(given: Any, today: date) -> bool | int | str:
    if isinstance(given, date):
        return today.year - given.year - ((today.month, today.day) < (given.month, given.day))
    return given  # type: ignore[no-any-return]
