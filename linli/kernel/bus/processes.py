"""The worker: relay, timers and procrastinate in one process. Any number of workers may run."""

import asyncio
import logging
import os
import queue
import signal
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections, connection
from django.db.utils import InterfaceError, OperationalError
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from linli.kernel.bus import actions, registry

log = logging.getLogger("linli.worker")
RELAY_PAUSE = 0.2  # seconds between looks when nothing was there
STALLED = 30  # seconds without a heartbeat: the job's worker is dead, run the job again
PATIENCE = 20  # seconds running jobs get to finish after SIGTERM; what is left runs again elsewhere
QUICK = 2.0  # timers at least this frequent have a thread of their own, so that no slow one delays them
LOST_DATABASE = 3  # exit code: the supervisor brings back a fresh process


def guarded(name: str, step: Callable[[], object]) -> object:
    """One step with a sound connection. A lost database ends the process: half-open state is never trusted."""
    try:
        close_old_connections()
        return step()
    except (OperationalError, InterfaceError):
        if _database_answers():
            log.exception("%s 出错，将继续", name)
            return None
        log.warning("%s：数据库连接中断，工作进程退出待重启", name)
        os._exit(LOST_DATABASE)
    except Exception:
        log.exception("%s 出错，将继续", name)
        return None


def _database_answers() -> bool:
    """False when the connection itself is gone; a lock time-out or deadlock is an error like any other."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except Exception:
        return False


def relay_for_ever() -> None:
    """Relays without a pause while there is something, else looks five times a second."""
    while True:
        if not guarded("relay", actions.relay):
            time.sleep(RELAY_PAUSE)


def _step(timer: registry.Timer) -> Callable[[], object]:
    return lambda: actions.run_timer(timer)


def keep_time(timers: list[registry.Timer], threads: int) -> None:
    """Starts threads that run each timer every `timer.seconds`, never twice at once, the overdue one first."""
    due: queue.PriorityQueue[tuple[float, int]] = queue.PriorityQueue()
    for place in range(len(timers)):
        due.put((time.monotonic(), place))

    def turn() -> None:
        while True:
            at, place = due.get()
            began = time.monotonic()
            if at > began:  # put back while waiting: another thread may come free first
                due.put((at, place))
                time.sleep(min(0.1, at - began))
                continue
            guarded(timers[place].name, _step(timers[place]))
            due.put((max(began + timers[place].seconds, time.monotonic() + 0.01), place))

    for number in range(min(threads, len(timers))):
        threading.Thread(target=turn, name=f"timer-{number}", daemon=True).start()


def work() -> None:
    """`linli worker`: runs until SIGTERM or SIGINT. Intake comes first, so it takes a lower priority than web."""
    try:
        os.nice(5)
    except OSError:
        log.info("优先级未能降低，继续")
    from linli.kernel.bus import jobs  # noqa: F401  its tasks and timers must be known before the app is copied

    registry.load()
    timers = [timer for timer in registry.timers() if timer.seconds]
    threading.Thread(target=relay_for_ever, name="relay", daemon=True).start()
    keep_time([timer for timer in timers if timer.seconds <= QUICK], threads=2)
    keep_time([timer for timer in timers if timer.seconds > QUICK], threads=2)
    connection.close()
    try:
        asked = asyncio.run(_run(app.with_connector(app.connector.get_worker_connector())))
    except Exception:
        log.exception("任务队列中断，工作进程退出待重启")
        asked = False
    # daemon threads hold connections; PostgreSQL rolls their open work back
    os._exit(0 if asked else LOST_DATABASE)


def work_off(queue: str) -> bool:
    """Runs what waits in one queue now, a job at a time, for processes of their own; whether a signal asked to stop."""
    connection.close()
    worker_app = app.with_connector(app.connector.get_worker_connector())
    return asyncio.run(_run(worker_app, queues=[queue], concurrency=1, wait=False))


def _declared(worker_app: App) -> list[str]:
    """The queues that tasks declare; a queue named only by `jobs.defer_to` has a process of its own."""
    return sorted({task.queue for task in worker_app.tasks.values()})


async def _run(
    worker_app: App, *, queues: list[str] | None = None, concurrency: int = 4, wait: bool = True
) -> bool:
    """Works until a signal (True), until nothing waits (without `wait`), or until the queue breaks off, which only a
    lost database makes it do (False)."""
    async with worker_app.open_async():
        sweeping = asyncio.create_task(_sweep_for_ever(worker_app))
        working = asyncio.create_task(
            worker_app.run_worker_async(
                queues=queues or _declared(worker_app),
                wait=wait,
                concurrency=concurrency,
                listen_notify=True,
                fetch_job_polling_interval=1.0,
                delete_jobs="successful",
                stalled_worker_timeout=STALLED,
                shutdown_graceful_timeout=PATIENCE,
                install_signal_handlers=False,
            )
        )
        asked = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, working, asked)
        done, _ = await asyncio.wait({sweeping, working}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not task.cancelled():
                task.result()
        return asked.is_set()


def _stop(working: asyncio.Task, asked: asyncio.Event) -> None:
    """Running jobs finish; a job that will not is left to be run again by whoever comes next."""
    if not asked.is_set():
        asked.set()
        working.cancel()
        last = threading.Timer(PATIENCE + 3, os._exit, [0])
        last.daemon = True
        last.start()


async def _sweep_for_ever(worker_app: App) -> None:
    while True:
        if count := await sweep(worker_app):
            log.warning("%d 项后台任务的工作进程已中断，已重新排队", count)
        await asyncio.sleep(STALLED / 2)


async def sweep(worker_app: App) -> int:
    """Runs jobs again whose worker died (SIGKILL, power): procrastinate leaves them `doing` for ever."""
    swept = 0
    for job in await worker_app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        try:
            await worker_app.job_manager.retry_job(job)
            swept += 1
        except ConnectorException as why:
            log.info("任务 %s 已由其他工作进程处理：%s", job.id, why)
    await worker_app.job_manager.prune_stalled_workers(STALLED)
    return swept
