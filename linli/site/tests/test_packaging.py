"""The files that set an installation up: locks without addresses, every dependency locked, scripts that run."""

import json
import re
import subprocess
import tomllib

import pytest

from linli.site import browser, lockfile, new_room
from linli.site.environment import CHECKOUT

LOCK = (CHECKOUT / "requirements.lock").read_text("utf-8")
NPM = json.loads((CHECKOUT / "package-lock.json").read_text("utf-8"))


def wished(name: str) -> set[str]:
    lines = (CHECKOUT / name).read_text("utf-8").splitlines()
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in names if match}


def test_the_lock_holds_every_wished_package_and_a_hash_for_each():
    pins = {re.sub(r"[-_.]+", "-", name).lower() for name in lockfile.pinned(LOCK)}
    assert wished("requirements.in") | wished("requirements-dev.in") <= pins
    for block in re.split(r"\n(?=[a-zA-Z0-9])", LOCK)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_python_lock_names_no_address():
    assert not re.search(r"://|--index-url|--extra-index-url|--find-links|--trusted-host| @ ", LOCK)


def test_the_browser_lock_names_no_address_and_has_every_library():
    packages = NPM["packages"]
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert all(entry.get("integrity", "").startswith("sha512-") for name, entry in packages.items() if name)
    libraries = {name.split("/")[0] for name in browser.FILES}
    assert libraries == set(json.loads((CHECKOUT / "package.json").read_text("utf-8"))["dependencies"])
    assert {f"node_modules/{name}" for name in [*libraries, "axe-core"]} <= set(packages)


def test_torch_is_not_among_the_packages():
    assert "torch" not in lockfile.pinned(LOCK)


def test_pins_with_a_marker_are_left_out():
    assert lockfile.pinned("a==1.0 \\\n    --hash=sha256:0\nb==2 ; sys_platform == 'win32' \\\n") == {
        "a": "1.0"
    }


def test_the_command_linli_is_declared():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {"linli": "linli.site.cli:main"}
    assert project["license"] == "Apache-2.0"


@pytest.mark.parametrize("script", [".ci/run", "ops/browser-for-tests", "ops/backup", "ops/restore"])
def test_scripts_are_strict_bash_and_executable(script):
    path = CHECKOUT / script
    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text("utf-8")
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0


def test_served_libraries_lose_the_comment_that_names_their_map(tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "folder", lambda: tmp_path / "lib")
    for name in browser.FILES:
        (tmp_path / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "node_modules" / name).write_text("let a = 1\n//# sourceMappingURL=a.js.map\n")
    assert browser.missing() == list(browser.FILES)
    browser.take(tmp_path / "node_modules")
    assert browser.missing() == []
    assert (tmp_path / "lib" / browser.FILES[0]).read_text() == "let a = 1\n"


def test_a_new_room_has_the_shape_and_its_rules_compile(tmp_path):
    written = new_room.create("parks", tmp_path)
    assert {"apps.py", "rules.py", "test_rules.py"} <= {path.name for path in written}
    for path in written:
        compile(path.read_text("utf-8"), str(path), "exec")


@pytest.mark.parametrize("name", ["", "Utils", "utils", "class", "two words", "../x"])
def test_a_room_needs_a_usable_name(tmp_path, name):
    with pytest.raises(ValueError, match="不可用"):
        new_room.create(name, tmp_path)


def test_a_room_is_not_written_over(tmp_path):
    new_room.create("parks", tmp_path)
    with pytest.raises(ValueError, match="已存在"):
        new_room.create("parks", tmp_path)
