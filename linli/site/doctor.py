"""`linli doctor`: what is wrong with an installation, in plain words, each with its remedy.

Every check looks for itself and changes nothing; one that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

from linli.site import browser, environment, nats, postgres
from linli.site.environment import WrongSettings, env
from linli.site.lockfile import pinned
from linli.site.pginstall import DatabaseUnavailable, programs
from linli.site.supervisor import only_one, port_taken

LEAST_SPACE = 2 << 30  # bytes free below which the database may soon stop
READING_MODELS = 3  # lines, directions, words
READING_MEMORY = 3 << 29  # bytes free (1.5 GB) below which reading papers may push others out
LEAST_VERSION = 15
LEAST_PYTHON = (3, 11)
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MARKS = {"ok": "✓", "hint": "·", "wrong": "✗"}


@dataclass(frozen=True)
class Finding:
    """One answer. level: ok | hint (works, could be better) | wrong (does not work); remedy for the last two."""

    check: str
    level: str
    text: str
    remedy: str = ""


def ok(text: str) -> Finding:
    return Finding("", "ok", text)


def hint(text: str, remedy: str) -> Finding:
    return Finding("", "hint", text, remedy)


def wrong(text: str, remedy: str) -> Finding:
    return Finding("", "wrong", text, remedy)


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LEAST_PYTHON:
        yield wrong(f"Python {version} 低于 3.11", "安装 Python 3.11 或更新版本，删除 .venv 后重新 make run")
    else:
        yield ok(f"Python {version}")


def packages() -> Iterator[Finding]:
    """Installed packages against requirements.lock."""
    lock = environment.CHECKOUT / "requirements.lock"
    if not lock.is_file():
        yield hint("没有 requirements.lock，无法核对依赖版本", "从源码目录运行 linli doctor")
        return
    differing = []
    for name, version in pinned(lock.read_text("utf-8")).items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed = "未安装"
        if installed != version:
            differing.append(f"{name}（应为 {version}，现为 {installed}）")
    if differing:
        more = f"等 {len(differing)} 个" if len(differing) > 5 else ""
        yield wrong(f"依赖包与 requirements.lock 不一致：{'、'.join(differing[:5])}{more}", "运行 make setup")
    else:
        yield ok("依赖包与 requirements.lock 一致")


def browser_libraries() -> Iterator[Finding]:
    if missing := browser.missing():
        yield wrong(f"缺少浏览器端的库：{'、'.join(missing)}", "运行 make setup")
    else:
        yield ok("浏览器端的库齐全")


def settings() -> Iterator[Finding]:
    """Whether the settings can be read, and whether a public installation is a safe one."""
    try:
        from linli.site import settings as read
    except WrongSettings as error:
        for name, why in error.problems.items():
            yield wrong(f"设置 {name} 有误：{why}", f"改正环境变量 {name} 后重试")
        return
    if not read.PRODUCTION:
        yield hint(
            "未打开 LINLI_PRODUCTION，按试用环境运行", "正式使用前设置 LINLI_PRODUCTION=1 与 LINLI_HOSTS"
        )
    elif read.DEBUG:
        yield wrong("正式环境打开了调试，出错页面会泄露信息", "去掉 LINLI_DEBUG")
    elif len(read.SECRET_KEY) < 32:
        yield wrong("LINLI_SECRET_KEY 太短，会话可被伪造", "换成不少于 32 个随机字符，或删去让系统生成")
    else:
        yield ok("设置可用")


def database() -> Iterator[Finding]:
    """Reachable, new enough, migrated."""
    given = env.url("LINLI_DATABASE_URL")
    try:
        if not given:
            programs()
            if not postgres.default_cluster().data.exists():
                yield hint("内置数据库尚未建立", "首次 linli serve 会自动建立")
                return
        os.environ["LINLI_DATABASE_URL"] = url = given or postgres.ensure()
    except DatabaseUnavailable as error:
        yield wrong(str(error), f"查看日志 {environment.home() / 'postgres' / 'keeper.log'}")
        return
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        yield wrong(
            f"无法连接数据库：{error}", "检查 LINLI_DATABASE_URL 的地址、用户与密码，以及数据库是否在运行"
        )
        return
    if version < LEAST_VERSION:
        yield wrong(
            f"PostgreSQL {version} 低于 {LEAST_VERSION}", f"升级到 PostgreSQL {LEAST_VERSION} 或更新版本"
        )
        return
    yield ok(f"PostgreSQL {version} 可用{'' if given else '（内置）'}")
    yield from migrations(url)


def migrations(url: str) -> Iterator[Finding]:
    import django
    from django.conf import settings as read
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    read.DATABASES["default"].update(postgres.parts_of(url))
    connection.settings_dict.update(postgres.parts_of(url))
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if waiting:
        yield wrong(f"有 {len(waiting)} 个数据库结构更新尚未应用", "运行 linli migrate，或重新 linli serve")
    else:
        yield ok("数据库结构是最新的")


def messages() -> Iterator[Finding]:
    """NATS: needed from the telemetry rooms on; the embedded one only lives with `linli serve`."""
    given = env.url("LINLI_NATS_URL")
    try:
        nats.program()
    except nats.NatsUnavailable as error:
        if not given:
            yield wrong(str(error), "运行 make setup，或设置 LINLI_NATS_URL")
            return
    if not given and not serving():
        yield ok("内置 NATS 已安装，随 linli serve 启动")
    elif trouble := nats.trouble(given or nats.known_url()):
        yield wrong(
            f"NATS {trouble}", "检查 LINLI_NATS_URL" if given else "查看 linli serve 的日志中 nats 开头的行"
        )
    else:
        yield ok("NATS 可用")


def files() -> Iterator[Finding]:
    """The folders we write to, and the space they have."""
    for name, place in (("LINLI_HOME", environment.home()), ("LINLI_FILES", files_folder())):
        near = next(folder for folder in (place, *place.parents) if folder.exists())
        try:
            with tempfile.NamedTemporaryFile(dir=near):
                pass
        except OSError as error:
            yield wrong(
                f"{name} 目录 {place} 不可写（{error.strerror}）", f"改正权限，或用 {name} 指定别的目录"
            )
            continue
        free = shutil.disk_usage(near).free
        if free < LEAST_SPACE:
            yield wrong(f"{name} 所在磁盘只剩 {free >> 20} MB", "清理磁盘，至少留出 2 GB")
        else:
            yield ok(f"{name} 目录可写，剩余 {free >> 30} GB")


def files_folder() -> Path:
    return env.path("LINLI_FILES", environment.home() / "files")


def paper_reading() -> Iterator[Finding]:
    """The models that read papers handed in, and the memory they take while there is something to read."""
    import psutil

    try:
        here = [
            Path(str(metadata.distribution(name).locate_file(name))) for name in ("rapidocr", "onnxruntime")
        ]
    except metadata.PackageNotFoundError as missing:
        yield wrong(f"缺少识别材料的依赖包 {missing.name}", "运行 make setup；不用识别时设置 LINLI_OCR=0")
        return
    if len(list((here[0] / "models").glob("*.onnx"))) < READING_MODELS:
        yield wrong("识别材料的模型文件不全", "重新安装 rapidocr（模型随安装包附带，不联网下载）")
        return
    free = psutil.virtual_memory().available
    if not env.flag("LINLI_OCR", True):
        yield hint("材料识别已关闭（LINLI_OCR=0），材料照常提交，由人工核对", "需要时去掉该设置")
    elif free < READING_MEMORY:
        yield hint(f"可用内存 {free >> 20} MB，识别材料时约需 1 GB", "增加内存，或设置 LINLI_OCR=0 关闭识别")
    else:
        yield ok("材料识别可用，有材料时启动，空闲后释放内存")


def clock() -> Iterator[Finding]:
    """The time zone data that deadlines need, and a clock that is not from before this program."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        yield wrong("缺少时区数据 Asia/Shanghai", "运行 make setup（依赖包 tzdata），或安装系统的 tzdata")
        return
    if time.time() < Path(__file__).stat().st_mtime - 86400:
        yield wrong(
            f"系统时间 {time.strftime('%Y-%m-%d %H:%M')} 早于程序安装时间",
            "打开网络对时（NTP），期限按系统时间计算",
        )
    else:
        yield ok(f"系统时间 {time.strftime('%Y-%m-%d %H:%M %Z')}")


def ports() -> Iterator[Finding]:
    port = env.number("LINLI_PORT", 8000, least=1, most=65535)
    live = env.number("LINLI_LIVE_PORT", 0, least=0, most=65535) or port + 1
    if serving():
        yield ok("linli serve 正在运行")
        return
    for name, number in (("LINLI_PORT", port), ("LINLI_LIVE_PORT", live)):
        if port_taken(env.text("LINLI_HOST", "127.0.0.1"), number):
            yield wrong(f"端口 {number} 被别的程序占用", f"停止该程序，或用 {name} 换一个端口")
        else:
            yield ok(f"端口 {number} 空闲")


def serving() -> bool:
    """Whether `linli serve` runs for this LINLI_HOME."""
    if not (environment.home() / "serve.lock").exists():
        return False
    return only_one(environment.home()) is None


def chromium() -> Iterator[Finding]:
    if any(shutil.which(name) for name in CHROMIUMS):
        yield ok("Chromium 可用于页面测试")
    else:
        yield hint(
            "没有 Chromium，页面测试不能运行（不影响使用）", "运行 make test 自动安装，或安装系统的 chromium"
        )


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "python": python,
    "packages": packages,
    "browser": browser_libraries,
    "settings": settings,
    "database": database,
    "nats": messages,
    "files": files,
    "ocr": paper_reading,
    "clock": clock,
    "ports": ports,
    "chromium": chromium,
}


def examine() -> list[Finding]:
    """All findings, in the order of CHECKS. A check that breaks is itself a finding."""
    findings = []
    for name, check in CHECKS.items():
        try:
            findings += [replace(found, check=name) for found in check()]
        except (Exception, WrongSettings) as error:
            text = f"检查“{name}”未能完成：{type(error).__name__} {error}"
            findings.append(Finding(name, "wrong", text, "先解决其他问题再检查；仍有时请连同本行报告"))
    for name, why in env.problems.items():
        text = f"设置 {name} 有误：{why}"
        if text not in {found.text for found in findings}:
            findings.append(Finding("settings", "wrong", text, f"改正环境变量 {name} 后重试"))
    return findings


def main(words: list[str]) -> int:
    """Print the findings; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="linli doctor", description="检查安装与设置")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")
    given = parser.parse_args(words)
    findings = examine()
    bad = [found for found in findings if found.level == "wrong"]
    if given.json:
        print(
            json.dumps({"ok": not bad, "findings": [asdict(found) for found in findings]}, ensure_ascii=False)
        )
        return 1 if bad else 0
    for found in findings:
        print(f"{MARKS[found.level]} {found.text}")
        if found.remedy:
            print(f"    → {found.remedy}")
    print(f"有 {len(bad)} 处需要处理" if bad else "一切正常")
    return 1 if bad else 0
