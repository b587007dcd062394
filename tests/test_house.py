"""The house keeps its shape (docs/decisions and CONTRIBUTING say why): names, sizes, and that what is written is tested."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "linli"
FLOOR_ROOMS = [path.parent for path in sorted(HOUSE.glob("*/apps.py"))]
KERNEL_ROOMS = [path.parent for path in sorted((HOUSE / "kernel").glob("*/apps.py"))]
ROOMS = [*KERNEL_ROOMS, *FLOOR_ROOMS]
FORBIDDEN = {"utils", "common", "core", "helpers", "services", "managers", "extras"}
SOURCES = [path for path in sorted(HOUSE.rglob("*.py")) if "migrations" not in path.parts]
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_drawer_for_everything() -> None:
    wrong = [name(path) for path in HOUSE.rglob("*") if path.stem in FORBIDDEN]
    assert wrong == []


def test_no_file_is_over_400_lines() -> None:
    files = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
    wrong = {
        name(path): lines
        for path in files
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    }
    assert wrong == {}


def test_no_function_is_over_60_lines() -> None:
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno
                if lines > LONGEST_FUNCTION:
                    wrong.append(f"{name(path)}:{node.name} {lines}")
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_what_it_is_for(room: Path) -> None:
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))
    assert text and len(text) >= 15, (
        f"{name(room)}/__init__.py should say in a paragraph what the room is for"
    )


@pytest.mark.parametrize("module", ["rules.py", "facts.py"])
def test_rules_and_facts_import_no_django(module: str) -> None:
    wrong = [
        f"{name(path)}: {line.strip()}"
        for path in HOUSE.rglob(module)
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s*(from|import) django", line)
    ]
    assert wrong == []


def public_actions(room: Path) -> set[str]:
    """Names of the public functions of a room's actions that take an actor or write."""
    modules = (
        [room / "actions.py"] if (room / "actions.py").exists() else sorted((room / "actions").glob("*.py"))
    )
    names: set[str] = set()
    for module in modules:
        if module.name in ("steps.py", "__init__.py") or not module.exists():
            continue
        for node in ast.parse(module.read_text("utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if any(argument.arg == "by" for argument in node.args.kwonlyargs):
                names.add(node.name)
    return names


def room_tests(room: Path) -> str:
    files = [*(room / "tests").rglob("test_*.py"), *(ROOT / "tests").glob("test_*.py")]
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_action_is_called_by_name_in_the_rooms_tests(room: Path) -> None:
    said = room_tests(room)
    untested = sorted(action for action in public_actions(room) if not re.search(rf"\b{action}\b", said))
    assert untested == []


@pytest.mark.parametrize("room", FLOOR_ROOMS, ids=lambda room: room.name)
def test_every_room_has_a_page_in_the_docs(room: Path) -> None:
    assert (ROOT / "docs" / "rooms" / f"{room.name}.md").exists()


def test_the_register_of_facts_and_the_code_are_equal() -> None:
    told = {
        f"{path.parent.name}.{node.name}"
        for path in HOUSE.rglob("facts.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    listed = set(
        re.findall(r"^\| `([a-z_]+\.[A-Za-z]+)`", (ROOT / "docs" / "facts.md").read_text("utf-8"), re.M)
    )
    assert listed == told


def test_the_sources_hold_no_half_width_comma_between_han_characters() -> None:
    wrong = []
    for path in [*HOUSE.rglob("templates/**/*.html"), *HOUSE.rglob("data/notices.yaml")]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            said = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", line)  # the commas of a filter are not prose
            if re.search(r"[一-鿿],[一-鿿]", said):
                wrong.append(f"{name(path)}:{number}")
    assert wrong == []
