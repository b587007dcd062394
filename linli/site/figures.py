"""`linli evaluate NAME` and `linli bench NAME`: one module a command, found in every room.

A room's `evaluate_repeats.py` is `linli evaluate repeats` (underscores become dashes).  The module has
`add_arguments(parser)`, `run(options) -> dict` and, when it writes to a database, `needs_database = True`:
it then gets an empty, migrated one of its own, removed afterwards, unless LINLI_DATABASE_URL names one.
The answer is one JSON object on standard output; whatever the module prints goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType

from linli.site import environment
from linli.site.postgres import Cluster

PACKAGE = Path(__file__).resolve().parents[1]


def found(kind: str) -> dict[str, str]:
    """Command name -> module path of every `<kind>_*.py` in a room. Two rooms with one name: ValueError."""
    names: dict[str, str] = {}
    files = [*PACKAGE.glob(f"*/{kind}_*.py"), *PACKAGE.glob(f"kernel/*/{kind}_*.py")]
    for file in sorted(files):
        name = file.stem.removeprefix(f"{kind}_").replace("_", "-")
        module = ".".join(["linli", *file.relative_to(PACKAGE).with_suffix("").parts])
        if name in names:
            raise ValueError(f"linli {kind} {name}: {names[name]} 与 {module} 重名")
        names[name] = module
    return names


def main(kind: str, words: list[str]) -> int:
    """Run one of them; the exit code."""
    names = found(kind)
    if words == ["--names"]:
        print("\n".join(names))
        return 0
    if not words or words[0] in ("-h", "--help"):
        print(f"用法：linli {kind} 名称 [参数]\n" + "".join(f"  {name}\n" for name in names), end="")
        return 0
    if words[0] not in names:
        print(f"没有 linli {kind} {words[0]}。可用：{'、'.join(names) or '（无）'}", file=sys.stderr)
        return 2
    import django

    with contextlib.redirect_stdout(sys.stderr):
        django.setup()
        module = importlib.import_module(names[words[0]])
        parser = argparse.ArgumentParser(prog=f"linli {kind} {words[0]}", description=module.__doc__)
        module.add_arguments(parser)
        options = parser.parse_args(words[1:])
        answer = with_database(module, options)
    print(json.dumps(answer, ensure_ascii=False, default=str))
    return 0


def with_database(module: ModuleType, options: argparse.Namespace) -> object:
    """Run the module, on a database of its own when it wants one."""
    if not getattr(module, "needs_database", False) or environment.env.url("LINLI_DATABASE_URL"):
        return module.run(options)
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from linli.site.postgres import parts_of

    cluster = Cluster(environment.home() / "figures" / str(os.getpid()), passing=True)
    try:
        os.environ["LINLI_DATABASE_URL"] = url = cluster.ensure()
        settings.DATABASES["default"].update(parts_of(url))
        connections["default"].settings_dict.update(parts_of(url))
        call_command("migrate", verbosity=0)
        return module.run(options)
    finally:
        connections.close_all()
        cluster.release()
