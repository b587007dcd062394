"""`linli ocr`: one process with two lives, so that the models take memory only while there is something to read.

Waiting, it is a bare interpreter with one database connection (some 30 MB).  The first job turns it, under the same
process id, into the reader (most of a gigabyte); idle for IDLE seconds it turns back.  Killed in either life, it is
brought back by the supervisor, and the job it held runs again as every job of a dead worker does.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import psycopg

QUEUE = "ocr"
CHANNEL = "procrastinate_queue_v1#ocr"  # procrastinate notifies it with every job of the queue
IDLE = 300.0  # seconds without a job after which the models are let go
LOOK_EVERY = 5.0  # seconds between looks, for jobs to be tried again later and for lost notifications
LOST_DATABASE = 3
WAITING = """SELECT EXISTS (SELECT 1 FROM procrastinate_jobs
  WHERE queue_name = %s AND status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))"""

Become = Callable[[list[str]], None]


def wait(url: str, become: Become | None = None) -> int:
    """The first life: sleeps until a job waits, then becomes the reader. The exit code when the database is lost."""
    try:
        job_waits(url)
    except psycopg.Error as error:
        print(f"数据库连接中断，识别进程退出待重启：{error}", file=sys.stderr)
        return LOST_DATABASE
    print("有材料待识别，正在装入模型", flush=True)
    (become or _become)(["--reading"])
    return 0


def read_on(url: str, become: Become | None = None, idle: float = IDLE) -> int:
    """The second life: reads what waits, one page at a time, until told to stop or until nothing came for `idle` seconds."""
    import django

    django.setup()
    from linli.kernel.bus import jobs, registry  # noqa: F401  (its tasks must be known)
    from linli.kernel.bus.processes import work_off

    registry.load()
    try:
        while not work_off(QUEUE):
            if not job_waits(url, idle):
                print("没有待识别的材料，已释放模型", flush=True)
                (become or _become)([])
                return 0
    except Exception as error:
        print(f"任务队列中断，识别进程退出待重启：{error}", file=sys.stderr)
        return LOST_DATABASE
    return 0


def _become(words: list[str]) -> None:
    """The same process anew: what was loaded is gone, supervisor and guard notice nothing."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "linli", "ocr", *words])


def job_waits(url: str, patience: float | None = None) -> bool:
    """True as soon as a job may be taken; False when `patience` seconds passed without. Raises psycopg.Error."""
    end = None if patience is None else time.monotonic() + patience
    with psycopg.connect(url, autocommit=True, application_name="linli ocr") as connection:
        connection.execute(f'LISTEN "{CHANNEL}"')
        while True:
            row = connection.execute(WAITING, [QUEUE]).fetchone()
            if row and row[0]:
                return True
            left = LOOK_EVERY if end is None else min(LOOK_EVERY, end - time.monotonic())
            if left <= 0:
                return False
            for _ in connection.notifies(timeout=left, stop_after=1):
                break
