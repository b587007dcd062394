import json
import os
import subprocess
import sys

import pytest

from linli.site import cli, figures
from linli.site.environment import CHECKOUT
from linli.site.tests.places import reachable_place  # noqa: F401

MODULE = """
needs_database = False
def add_arguments(parser):
    parser.add_argument("--times", type=int, default=1)
def run(options):
    print("on the way")
    return {"times": options.times, "word": "邻里"}
"""


@pytest.fixture
def rooms(tmp_path, monkeypatch):
    """A package folder with one room, importable as linli.parks."""
    (tmp_path / "parks").mkdir()
    (tmp_path / "parks" / "__init__.py").write_text("")
    (tmp_path / "parks" / "bench_free_seats.py").write_text(MODULE)
    monkeypatch.setattr(figures, "PACKAGE", tmp_path)
    import linli

    monkeypatch.setattr(linli, "__path__", [*linli.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("linli.parks")]:
        del sys.modules[name]


def test_a_figure_is_one_json_object_on_standard_output(rooms, capsys):
    assert cli.main(["bench", "free-seats", "--times", "3"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"times": 3, "word": "邻里"}
    assert "on the way" in err


def test_figures_are_listed_and_an_unknown_one_is_refused(rooms, capsys):
    assert cli.main(["bench"]) == 0
    assert "free-seats" in capsys.readouterr().out
    assert cli.main(["bench", "--names"]) == 0
    assert capsys.readouterr().out == "free-seats\n"
    assert cli.main(["bench", "nothing"]) == 2
    assert "free-seats" in capsys.readouterr().err


def test_two_rooms_with_one_name_are_an_error(rooms):
    (rooms / "kernel" / "x").mkdir(parents=True)
    (rooms / "kernel" / "x" / "bench_free_seats.py").write_text(MODULE)
    with pytest.raises(ValueError, match="重名"):
        figures.found("bench")


def test_every_figure_of_the_project_has_the_agreed_shape():
    import importlib

    for kind in ("bench", "evaluate"):
        for module in figures.found(kind).values():
            loaded = importlib.import_module(module)
            assert callable(loaded.add_arguments), module
            assert callable(loaded.run), module


def test_without_a_command_it_tells_its_use(capsys):
    assert cli.main([]) == 0
    told = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert name in told


def test_psql_reaches_the_embedded_database_without_a_running_server(place):
    done = linli(place, "psql", "-Atc", "select current_database() || current_user")
    assert (done.returncode, done.stdout.strip()) == (0, "linlilinli")


def test_the_database_alone_starts_and_stops(place):
    started = linli(place, "database", "start")
    try:
        assert started.stdout.startswith("postgresql://linli:")
        assert linli(place, "database", "url").stdout == started.stdout
    finally:
        assert linli(place, "database", "stop").returncode == 0


def linli(home, *words: str) -> subprocess.CompletedProcess:
    surroundings = {**os.environ, "LINLI_HOME": str(home / "home")}
    surroundings.pop("LINLI_DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "linli", *words],
        cwd=CHECKOUT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
