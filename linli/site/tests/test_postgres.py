"""The embedded database with real processes. Waits are generous; nothing depends on how long a thing takes."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from linli.site import pgdata, pginstall, postmaster
from linli.site.environment import CHECKOUT
from linli.site.pginstall import DatabaseUnavailable
from linli.site.postgres import Cluster, parts_of
from linli.site.tests.places import reachable_place  # noqa: F401
from linli.site.tests.waiting import gone, until

HOLD = """
import sys, time
from pathlib import Path
from linli.site.postgres import Cluster
cluster = Cluster(Path(sys.argv[1]), durable=False)
print(cluster.ensure(), flush=True)
time.sleep(3600)
"""


@pytest.fixture
def cluster(place):
    cluster = Cluster(place / "postgres", durable=False)
    yield cluster
    assert cluster.stop()


def holder(root: Path) -> tuple[subprocess.Popen, str]:
    """A process of its own that holds the database; and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def answer(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def test_it_speaks_utf8_on_loopback_and_asks_for_the_password(cluster):
    url = cluster.ensure()
    assert answer(url, "show server_encoding") == "UTF8"
    assert answer(url, "show listen_addresses") == "127.0.0.1"
    assert answer(url, "show password_encryption") == "scram-sha-256"
    assert answer(url, "select lower('ÄÖ') || '邻里'") == "äö邻里"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, password="wrong")


def test_a_durable_database_syncs_to_disk(place):
    durable = Cluster(place / "postgres")
    assert answer(durable.ensure(), "show fsync") == "on"
    assert answer(durable.url, "show shared_buffers") == "256MB"
    assert durable.stop()


def test_data_and_port_stay_over_a_restart(cluster):
    url = cluster.ensure()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('在')")
    assert cluster.stop()
    assert cluster.running() is None
    assert cluster.ensure() == url
    assert answer(url, "select word from kept") == "在"


def test_the_password_is_closed_to_others_and_not_on_a_command_line(cluster):
    cluster.ensure()
    assert (cluster.root / "password").stat().st_mode & 0o077 == 0
    password = parts_of(cluster.url)["PASSWORD"]
    server = cluster.running()
    assert password not in " ".join(postmaster.command_line(server.pid))


def test_several_processes_share_one_server_and_the_last_one_stops_it(cluster):
    first, url = holder(cluster.root)
    second, same = holder(cluster.root)
    assert url == same
    pid = cluster.running().pid
    first.terminate()
    first.wait()
    assert answer(url, "select 1") == 1
    second.terminate()
    second.wait()
    until(lambda: gone(pid))


def test_a_killed_user_leaves_no_server(cluster):
    user, _ = holder(cluster.root)
    pid = cluster.running().pid
    user.send_signal(signal.SIGKILL)
    user.wait()
    until(lambda: gone(pid))


def test_a_killed_keeper_takes_the_server_along(cluster):
    cluster.ensure()
    server = cluster.running().pid
    os.kill(parent_of(server), signal.SIGKILL)
    until(lambda: gone(server))
    assert answer(cluster.ensure(), "select 1") == 1


def test_a_killed_server_is_started_again(cluster):
    url = cluster.ensure()
    first = cluster.running().pid
    os.kill(first, signal.SIGKILL)
    until(lambda: (server := cluster.running()) is not None and server.ready and server.pid != first)
    assert answer(url, "select 1") == 1


def test_it_stays_when_told_to_and_goes_when_told_to(place):
    told = Cluster(place / "postgres", durable=False)
    told.start()
    pid = told.running().pid
    told.release()
    other = Cluster(place / "postgres", durable=False)
    assert answer(other.ensure(), "select 1") == 1
    assert other.running().pid == pid
    assert other.stop()
    assert gone(pid)


def test_stop_says_no_while_others_use_it(cluster):
    user, url = holder(cluster.root)
    assert cluster.stop(patience=1) is False
    assert answer(url, "select 1") == 1
    user.kill()
    user.wait()


def test_many_at_once_start_one_server(cluster):
    urls = []
    users = [Cluster(cluster.root, durable=False) for _ in range(4)]
    threads = [threading.Thread(target=lambda user=user: urls.append(user.ensure())) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for user in users:
        user.release()
    assert len(urls) == 4
    assert len(set(urls)) == 1


def test_a_pid_file_whose_number_now_belongs_to_a_stranger_does_not_stop_the_start(cluster):
    cluster.ensure()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    assert cluster.stop()
    stranger = subprocess.Popen(["sleep", "3600"], **as_owner(cluster.data))
    try:
        (cluster.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        assert cluster.running() is None
        assert answer(cluster.ensure(), "select 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pid_file_of_a_dead_server_does_not_stop_the_start(cluster):
    cluster.ensure()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    assert cluster.stop()
    passed = subprocess.Popen(["true"])
    passed.wait()
    (cluster.data / "postmaster.pid").write_text("\n".join([str(passed.pid), *lines[1:], ""]))
    assert answer(cluster.ensure(), "select 1") == 1


def test_an_initialisation_that_was_cut_short_is_done_again(cluster):
    cluster.ensure()
    assert cluster.stop()
    (cluster.root / "initialising").touch()
    (cluster.data / "global" / "pg_control").unlink()
    assert answer(cluster.ensure(), "select 1") == 1


def test_a_port_taken_by_others_is_exchanged(cluster):
    import socket

    cluster.ensure()
    port = cluster.running().port
    assert cluster.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        cluster.ensure()
        assert cluster.running().port != port


def test_settings_of_the_operator_win(cluster):
    cluster.ensure()
    assert cluster.stop()
    (cluster.data / "local.conf").write_text("work_mem = '11MB'\n")
    (cluster.data / "local.conf").chmod(0o644)
    assert answer(cluster.ensure(), "show work_mem") == "11MB"


def test_a_broken_setting_is_reported_with_the_servers_own_words(cluster):
    cluster.ensure()
    assert cluster.stop()
    (cluster.data / "local.conf").write_text("no_such_setting = 1\n")
    (cluster.data / "local.conf").chmod(0o644)
    with pytest.raises(DatabaseUnavailable, match="no_such_setting"):
        cluster.ensure()


def test_data_of_a_version_we_do_not_have_is_refused_in_words():
    with pytest.raises(DatabaseUnavailable, match="PostgreSQL 9"):
        pginstall.programs(9)


def test_a_closed_folder_is_left_alone_and_another_place_used(place):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster(closed / "postgres", passing=True, durable=False)
    assert answer(cluster.ensure(), "select 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    data = cluster.data
    if os.geteuid() == 0:
        assert closed not in data.parents
        assert data.stat().st_uid != 0
    assert cluster.stop()
    assert not data.exists()
    assert not cluster.root.exists()


def test_programs_are_copied_when_the_account_cannot_reach_them(place):
    install = pginstall.programs()
    account = pginstall.account_for(place / "none")
    copy = pginstall._copied(install, place / "state" / "programs")
    assert copy.name == install.name
    assert account.run(copy / "bin" / "postgres", "--version").stdout.startswith("postgres (PostgreSQL)")
    assert pginstall._copied(install, place / "state" / "programs") == copy


def test_the_servers_log_keeps_no_values_of_statements(cluster):
    with psycopg.connect(cluster.ensure()) as connection, pytest.raises(psycopg.Error):
        connection.execute("select 'streng geheim'::integer")
    logs = [cluster.root / "keeper.log", *(cluster.data / "log").glob("*")]
    statements = [line for log in logs for line in log.read_text().splitlines() if "STATEMENT" in line]
    assert statements == []


def test_initdb_errors_are_told(place):
    (place / "data").mkdir()
    (place / "data" / "something").write_text("in the way")
    account = pginstall.account_for(place / "none")
    account.own(place / "data")
    with pytest.raises(DatabaseUnavailable, match="无法初始化数据库"):
        pgdata.initialise(place, place / "data", pginstall.programs(), account, durable=False)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def as_owner(data: Path) -> dict[str, int]:
    """So that the stranger has the data's user, the case in which PostgreSQL refuses to start."""
    return {"user": data.stat().st_uid, "group": data.stat().st_gid} if os.geteuid() == 0 else {}
