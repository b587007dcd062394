"""Every finding names what is wrong and what to do; the whole examination runs as its own process too."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple

import psycopg
import pytest

from linli.site import browser, doctor, environment, nats, supervisor
from linli.site.environment import CHECKOUT, Environment


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LINLI_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "env", Environment())
    return tmp_path


def only(findings) -> doctor.Finding:
    (found,) = findings
    return found


def test_an_old_python_is_named(monkeypatch):
    assert only(doctor.python()).level == "ok"
    monkeypatch.setattr(doctor, "LEAST_PYTHON", (9, 0))
    assert "低于" in only(doctor.python()).text


def test_a_differing_package_is_named(tmp_path, monkeypatch):
    (tmp_path / "requirements.lock").write_text(
        "pytest==0.0.1 \\\n    --hash=sha256:0\nno-such-thing==1 \\\n"
    )
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    found = only(doctor.packages())
    assert found.level == "wrong"
    assert "pytest（应为 0.0.1" in found.text
    assert "no-such-thing（应为 1，现为 未安装）" in found.text


def test_missing_browser_libraries_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "folder", lambda: tmp_path)
    found = only(doctor.browser_libraries())
    assert found.level == "wrong"
    assert "htmx.min.js" in found.text


def test_a_database_that_does_not_answer_is_named(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"postgresql://u:geheim@127.0.0.1:{unused.getsockname()[1]}/linli"
        monkeypatch.setenv("LINLI_DATABASE_URL", address)
        found = only(doctor.database())
    assert found.level == "wrong"
    assert "LINLI_DATABASE_URL" in found.remedy
    assert "geheim" not in found.text


def test_an_old_database_is_named(monkeypatch):
    class Old:
        info = namedtuple("Info", "server_version")(140010)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setenv("LINLI_DATABASE_URL", "postgresql://u@localhost/linli")
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: Old())
    assert "PostgreSQL 14 低于 15" in only(doctor.database()).text


def test_a_nats_that_is_something_else_is_named(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("LINLI_NATS_URL", f"nats://127.0.0.1:{other.getsockname()[1]}")
        monkeypatch.setattr(nats.socket, "create_connection", _answering(b"SSH-2.0-x\r\n"))
        assert "不是 NATS" in only(doctor.messages()).text
    monkeypatch.undo()


def _answering(line: bytes):
    def connect(*_, **__):
        ours, theirs = socket.socketpair()
        theirs.sendall(line)
        theirs.close()
        return ours

    return connect


def test_the_embedded_nats_answers_and_refuses_a_wrong_password(tmp_path):
    broker = nats.prepare(tmp_path / "nats")
    assert (tmp_path / "nats" / "nats.conf").stat().st_mode & 0o077 == 0
    process = subprocess.Popen(broker.command, stderr=subprocess.DEVNULL)
    try:
        from linli.site.tests.waiting import until

        until(lambda: nats.trouble(broker.url) == "")
        assert nats.known_url() == broker.url
        password = broker.url.split(":")[2].split("@")[0]
        assert "登录被拒绝" in nats.trouble(broker.url.replace(password, "wrong"))
    finally:
        process.terminate()
        process.wait()


def test_a_full_disk_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "total used free")(1, 1, 1 << 20))
    assert {found.level for found in doctor.files()} == {"wrong"}


def test_a_folder_that_cannot_be_written_is_named(monkeypatch):
    monkeypatch.setenv("LINLI_FILES", "/proc/linli")
    levels = {found.text.split(" ")[0]: found.level for found in doctor.files()}
    assert levels == {"LINLI_HOME": "ok", "LINLI_FILES": "wrong"}


def test_a_port_in_use_is_named(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("LINLI_PORT", str(other.getsockname()[1]))
        assert [found.level for found in doctor.ports()][0] == "wrong"


def test_our_own_ports_are_no_fault_while_serving(home):
    lock = supervisor.only_one(home)
    assert lock is not None
    assert "正在运行" in only(doctor.ports()).text


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(monkeypatch):
    def broken():
        raise RuntimeError("kaputt")
        yield

    monkeypatch.setattr(doctor, "CHECKS", {"one": broken, "two": doctor.clock})
    first, second = doctor.examine()
    assert (first.check, first.level, second.level) == ("one", "wrong", "ok")
    assert "kaputt" in first.text


def test_it_tells_wrong_settings_as_json_and_exits_with_one(tmp_path):
    surroundings = {**os.environ, "LINLI_HOME": str(tmp_path), "LINLI_DEBUG": "perhaps"}
    done = subprocess.run(
        [sys.executable, "-m", "linli", "doctor", "--json"],
        cwd=CHECKOUT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert [found for found in answer["findings"] if "LINLI_DEBUG" in found["text"] and found["remedy"]]
