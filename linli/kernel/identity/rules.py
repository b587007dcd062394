"""Decisions of sign-in, pure: phone numbers, limits on codes, the lock-out, what a device is called."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

MOBILE = re.compile(r"^1[3-9]\d{9}$")
USERNAME = re.compile(r"^[a-z][a-z0-9._-]{2,31}$")
SCOPE = re.compile(r"^[a-z_]+\.([a-z_]+|\*)$")

CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
PER_MINUTE, PER_HOUR, PER_CLIENT_HOUR = timedelta(minutes=1), 5, 20
LOCK_AFTER, LOCK_FOR = 5, timedelta(minutes=15)


def normal_phone(written: str) -> str:
    """A mainland mobile number as 11 digits, or "" when it is none. Takes +86, spaces and hyphens."""
    digits = re.sub(r"[\s\-－—（）()]", "", written.strip())
    digits = re.sub(r"^(\+86|0086)", "", digits)
    digits = digits.translate(str.maketrans("０１２３４５６７８９", "0123456789"))
    return digits if MOBILE.match(digits) else ""


def masked_phone(phone: str) -> str:
    """138****5678"""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) == 11 else ""


def too_soon(sent: Sequence[datetime], by_client: int, now: datetime) -> str:
    """Why no code may be sent now, in words; "" if it may. `sent`: this phone's codes of the last hour."""
    if sent:
        wait = PER_MINUTE - (now - max(sent))
        if wait > timedelta(0):
            return f"验证码已发送，请 {int(wait.total_seconds()) + 1} 秒后再获取"
    if len(sent) >= PER_HOUR:
        return "该手机号一小时内获取验证码已达 5 次，请一小时后再试，或到社区服务窗口办理"
    if by_client >= PER_CLIENT_HOUR:
        return "当前网络获取验证码过于频繁，请一小时后再试，或到社区服务窗口办理"
    return ""


def locked_minutes(failures: Sequence[datetime], now: datetime) -> int:
    """Whole minutes a name stays locked from one address; 0 if it is not. `failures` in any order."""
    recent = sorted(at for at in failures if now - at < LOCK_FOR)
    if len(recent) < LOCK_AFTER:
        return 0
    left = LOCK_FOR - (now - recent[-1])
    return max(1, -(-int(left.total_seconds()) // 60))


def token_digest(bearer: str) -> bytes:
    """How a bearer token is stored and found."""
    return hashlib.sha256(bearer.encode()).digest()


def device_name(agent: str) -> str:
    """A browser's user agent in words a person recognises: `安卓手机 · 微信`."""
    systems = [
        ("HarmonyOS", "鸿蒙手机"),
        ("iPhone", "苹果手机"),
        ("iPad", "苹果平板"),
        ("Android", "安卓手机"),
        ("Windows", "Windows 电脑"),
        ("Mac OS", "苹果电脑"),
        ("Linux", "Linux 电脑"),
    ]
    browsers = [
        ("MicroMessenger", "微信"),
        ("wxwork", "企业微信"),
        ("DingTalk", "钉钉"),
        ("Edg", "Edge"),
        ("Firefox", "火狐"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]
    system = next((words for mark, words in systems if mark in agent), "未知设备")
    browser = next((words for mark, words in browsers if mark in agent), "")
    return f"{system} · {browser}" if browser else system
