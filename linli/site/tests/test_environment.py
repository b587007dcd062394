import os
import re
import stat
import subprocess
import sys

import pytest
from django.conf import settings

from linli.site import environment
from linli.site.environment import Environment, WrongSettings, stored_secret


def problems(env: Environment) -> dict[str, str]:
    with pytest.raises(WrongSettings) as caught:
        env.check()
    return caught.value.problems


def test_unset_and_empty_values_give_the_default():
    env = Environment({"LINLI_EMPTY": "  "})
    assert env.text("LINLI_EMPTY", "a") == "a"
    assert env.flag("LINLI_EMPTY", True) is True
    assert env.number("LINLI_NONE", 7) == 7
    assert env.words("LINLI_NONE", ["x"]) == ["x"]
    env.check()


def test_all_wrong_values_are_named_together():
    env = Environment({"A": "vielleicht", "B": "12x", "C": "gelb", "D": "99"})
    assert env.flag("A", False) is False
    assert env.number("B", 3) == 3
    assert env.choice("C", ["red", "green"], "red") == "red"
    assert env.number("D", 1, least=1, most=64) == 1
    found = problems(env)
    assert list(found) == ["A", "B", "C", "D"]
    assert "不大于 64" in found["D"]
    assert "red、green" in found["C"]


def test_numbers_keep_the_type_of_their_default():
    env = Environment({"WHOLE": "5", "PART": "0.5"})
    assert env.number("WHOLE", 1) == 5
    assert env.number("PART", 1.0) == 0.5
    assert Environment({"WHOLE": "0.5"}).number("WHOLE", 1) == 1


def test_a_secret_may_lie_in_a_file(tmp_path):
    (tmp_path / "key").write_text("geheim\nsecond line\n")
    assert Environment({"KEY_FILE": str(tmp_path / "key")}).secret("KEY") == "geheim"
    assert Environment({"KEY": "direct"}).secret("KEY") == "direct"
    assert Environment({}).secret("KEY", None) is None


def test_a_secret_given_twice_is_refused(tmp_path):
    (tmp_path / "key").write_text("geheim")
    env = Environment({"KEY": "direct", "KEY_FILE": str(tmp_path / "key")})
    env.secret("KEY")
    assert "KEY_FILE" in problems(env)["KEY"]


def test_an_unreadable_or_empty_secret_file_is_named(tmp_path):
    (tmp_path / "empty").write_text("\n")
    env = Environment({"A_FILE": str(tmp_path / "none"), "B_FILE": str(tmp_path / "empty")})
    env.secret("A")
    env.secret("B")
    assert set(problems(env)) == {"A_FILE", "B_FILE"}


def test_a_wrong_address_is_named_without_repeating_its_password():
    env = Environment({"LINLI_DATABASE_URL": "mysql://root:geheim@db/linli"})
    assert env.url("LINLI_DATABASE_URL", schemes=["postgresql"]) == ""
    with pytest.raises(WrongSettings) as caught:
        env.check()
    assert "LINLI_DATABASE_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("address", ["localhost", "postgresql://", "postgresql://db:port/linli"])
def test_half_an_address_is_refused(address):
    env = Environment({"URL": address})
    env.url("URL")
    assert set(problems(env)) == {"URL"}


def test_a_stored_secret_is_made_once_and_closed_to_others(tmp_path):
    first = stored_secret(tmp_path / "keys" / "one")
    assert len(first) >= 40
    assert stored_secret(tmp_path / "keys" / "one") == first
    assert stat.S_IMODE(os.stat(tmp_path / "keys" / "one").st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["one"]


def test_home_follows_its_variable_and_else_stays_in_the_checkout(monkeypatch, tmp_path):
    monkeypatch.setenv("LINLI_HOME", str(tmp_path))
    assert environment.home() == tmp_path
    monkeypatch.delenv("LINLI_HOME")
    assert environment.home() == environment.CHECKOUT / "var"


def test_home_of_an_installed_package_is_the_state_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("LINLI_HOME", raising=False)
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert environment.home() == tmp_path / "state" / "linli"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert str(environment.home()) == "/var/lib/linli"


def test_a_command_with_wrong_settings_stops_and_names_each(tmp_path):
    surroundings = {
        **os.environ,
        "LINLI_HOME": str(tmp_path),
        "LINLI_DEBUG": "perhaps",
        "LINLI_CIPHER": "rot13",
    }
    done = subprocess.run(
        [sys.executable, "-m", "linli", "diffsettings"],
        cwd=environment.CHECKOUT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "LINLI_DEBUG" in done.stderr
    assert "LINLI_CIPHER" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_setting_the_code_names_is_read_when_it_starts():
    named = set()
    for path in environment.CHECKOUT.glob("linli/**/*.py"):
        if "tests" not in path.parts:
            named |= set(re.findall(r"settings(?:\.|, \")(LINLI_[A-Z_]+)", path.read_text("utf-8")))
    assert {"LINLI_BUS_DAYS", "LINLI_CHANNELS", "LINLI_COUNTY"} <= named
    assert not [name for name in sorted(named) if not hasattr(settings, name)]
