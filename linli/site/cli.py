"""The command `linli`: processes, figures, doctor; everything else is a Django management command.

Management commands get the installation's database: that of LINLI_DATABASE_URL, else the embedded one,
which runs for as long as the command does (or longer, when `linli serve` runs).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from linli.site import figures, postgres, supervisor
from linli.site.environment import WrongSettings, env
from linli.site.nats import NatsUnavailable
from linli.site.pginstall import DatabaseUnavailable

# Django commands that never ask the database.
WITHOUT_DATABASE = {
    "help",
    "version",
    "collectstatic",
    "findstatic",
    "diffsettings",
    "startapp",
    "--help",
    "-h",
}
TOOLS = ("psql", "pg_dump", "pg_restore", "pg_basebackup", "pgbench")

HELP = """用法：linli 命令 [参数]

运行
  serve        启动全部进程（数据库、NATS、web、live、worker、ocr）：--host --port --no-migrate --demo
  web          只启动网页进程        live     只启动实时推送进程
  worker       只启动后台进程        ocr      只启动材料识别进程
  doctor       检查安装与设置：--json
数据
  database     start | stop | url：内置数据库单独启动、停止、查看地址
  psql、pg_dump、pg_restore、pg_basebackup、pgbench   对本机数据库使用随附的 PostgreSQL 程序
指标
  evaluate     运行评测，结果为一个 JSON 对象；不带名称时列出全部
  bench        运行性能测试，同上
其他
  migrate、demo、ledger、import、replay 等：各模块的管理命令，linli help 列出全部
  manage …     同 linli …
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Known troubles are told in one message, without a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.site.settings")
    name, rest = (words[0], words[1:]) if words else ("", [])
    try:
        if name in ("", "-h", "--help"):
            print(HELP)
            return 0
        if name in TOOLS:
            url = database_url()
            return postgres.run_tool(name, rest, url)
        if name in COMMANDS:
            return COMMANDS[name](rest)
        return manage(words)
    except (DatabaseUnavailable, NatsUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    except WrongSettings as error:
        print(error.message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output left, as in `linli … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def database_url() -> str:
    """The database this process works on; the embedded one is started when none is named."""
    url = env.url("LINLI_DATABASE_URL", schemes=["postgres", "postgresql"])
    env.check()
    if not url:
        os.environ["LINLI_DATABASE_URL"] = url = postgres.ensure()
    return url


def manage(words: list[str]) -> int:
    """A Django management command."""
    from django.core.management import execute_from_command_line

    if words and words[0] not in WITHOUT_DATABASE and "--help" not in words:
        database_url()
    execute_from_command_line(["linli", *words])
    return 0


def serve(words: list[str]) -> int:
    parser = _parser("serve", "启动全部进程")
    _listening(parser, "LINLI_PORT", 8000)
    parser.add_argument(
        "--live-port", type=int, default=env.number("LINLI_LIVE_PORT", 0), help="实时推送端口"
    )
    parser.add_argument("--no-migrate", action="store_true", help="启动时不更新数据库结构")
    parser.add_argument("--demo", action="store_true", help="数据库为空时装入演示镇")
    given = parser.parse_args(words)
    env.check()
    return supervisor.serve(
        supervisor.Plan(
            host=given.host,
            port=given.port,
            live_port=given.live_port or given.port + 1,
            migrate=not given.no_migrate,
            demo=given.demo,
        )
    )


def web(words: list[str]) -> int:
    """Django under Granian; wsgi.py imports the URLconf before the first request."""
    parser = _parser("web", "网页进程")
    _listening(parser, "LINLI_PORT", 8000)
    parser.add_argument("--workers", type=int, help="进程数")
    given = parser.parse_args(words)
    workers = env.number("LINLI_WEB_WORKERS", min(2, os.cpu_count() or 1), least=1, most=64)
    threads = env.number("LINLI_WEB_THREADS", 8, least=1, most=64)
    database_url()
    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        "linli.site.wsgi:application",
        address=given.host,
        port=given.port,
        interface=Interfaces.WSGI,
        workers=given.workers or workers,
        blocking_threads=threads,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()
    return 0


def live(words: list[str]) -> int:
    """The stream of changes to open boards; one process, many connections."""
    parser = _parser("live", "实时推送进程")
    _listening(parser, "LINLI_LIVE_PORT", 8001)
    given = parser.parse_args(words)
    database_url()
    import asyncio

    import django

    django.setup()
    from linli.kernel.bus.live import serve as stream

    asyncio.run(stream(given.host, given.port))
    return 0


def worker(words: list[str]) -> int:
    """The relay, timers and background jobs."""
    _parser("worker", "后台进程").parse_args(words)
    database_url()
    import django

    django.setup()
    from linli.kernel.bus.processes import work

    work()
    return 0


def ocr(words: list[str]) -> int:
    """Reads papers handed in: next to nothing until one waits, then with the models loaded until it is idle."""
    parser = _parser("ocr", "识别上传的材料")
    parser.add_argument("--reading", action="store_true", help="直接装入识别模型（空闲后自动退回等待）")
    reading = parser.parse_args(words).reading
    url = database_url()
    from linli.kernel.ocr import processes

    if reading:
        os.nice(10)  # the web comes first; lasts as long as the process, in both its lives
    return processes.read_on(url) if reading else processes.wait(url)


def database(words: list[str]) -> int:
    """The embedded database by itself."""
    parser = _parser("database", "内置数据库")
    parser.add_argument("what", choices=["start", "stop", "url"])
    what = parser.parse_args(words).what
    if what == "stop":
        if postgres.stop():
            return 0
        print("仍有其他命令在使用数据库，用完后自动停止", file=sys.stderr)
        return 1
    print(postgres.start() if what == "start" else postgres.known_url())
    return 0


def doctor(words: list[str]) -> int:
    from linli.site.doctor import main as examine

    return examine(words)


def _parser(name: str, text: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"linli {name}", description=text)


def _listening(parser: argparse.ArgumentParser, port: str, usual: int) -> None:
    parser.add_argument("--host", default=env.text("LINLI_HOST", "127.0.0.1"), help="监听地址")
    number = env.number(port, usual, least=0, most=65535) or usual
    parser.add_argument("--port", type=int, default=number, help="监听端口")


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "serve": serve,
    "web": web,
    "live": live,
    "worker": worker,
    "ocr": ocr,
    "doctor": doctor,
    "database": database,
    "evaluate": lambda words: figures.main("evaluate", words),
    "bench": lambda words: figures.main("bench", words),
    "manage": manage,
}
