"""`make room NAME=x`: the inner shape of a new room, with a first rule and its tests to be replaced."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
TAKEN = {"utils", "common", "core", "helpers", "services", "managers", "extras", "kernel", "site", "demo"}

FILES = {
    "__init__.py": '"""{name}：这一模块为谁解决什么问题，用使用者的话写一段。"""\n',
    "apps.py": """from django.apps import AppConfig


class {title}Config(AppConfig):
    name = "linli.{name}"
    label = "{name}"
    verbose_name = "{name}"
""",
    "rules.py": '''"""Decisions of this room: values in, values out; no database, no clock, no Django."""

from linli.kernel import Refused

# state -> verb -> next state
MOVES = {{"open": {{"close": "closed"}}, "closed": {{"reopen": "open"}}}}


def move(state: str, verb: str) -> str:
    """The state after `verb`; Refused when that state does not allow it."""
    try:
        return MOVES[state][verb]
    except KeyError:
        raise Refused("当前状态不能这样办理", code="wrong_state", status=409) from None
''',
    "migrations/__init__.py": "",
    "tests/__init__.py": "",
    "tests/test_rules.py": """import pytest

from linli.kernel import Refused
from linli.{name} import rules


def test_what_is_open_can_be_closed_and_opened_again():
    assert rules.move("open", "close") == "closed"
    assert rules.move("closed", "reopen") == "open"


def test_what_is_closed_cannot_be_closed_again():
    with pytest.raises(Refused, match="不能这样办理"):
        rules.move("closed", "close")
""",
}


def create(name: str, package: Path = PACKAGE) -> list[Path]:
    """Write the files of a new room and return them. ValueError in words when the name cannot be used."""
    if not re.fullmatch(r"[a-z][a-z0-9]*", name) or keyword.iskeyword(name):
        raise ValueError(f"模块名“{name}”不可用：用小写英文名词，例如 NAME=care")
    if name in TAKEN:
        raise ValueError(f"模块名“{name}”不可用：请按它做的事起名")
    if (package / name).exists():
        raise ValueError(f"模块 {name} 已存在")
    written = []
    for relative, text in FILES.items():
        path = package / name / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(name=name, title=name.capitalize()) if text else "", "utf-8")
        written.append(path)
    return written


def main() -> int:
    try:
        written = create(sys.argv[1] if len(sys.argv) > 1 else "")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(str(path.relative_to(PACKAGE.parent)) for path in written))
    print(
        "接下来：在 linli/site/settings.py 的 ROOMS 与 pyproject.toml 的依赖层次里加上它，并写 docs/rooms/ 下的一页"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
