"""The browser libraries: the few files that are served, taken from what npm installed by package-lock.json.

Served under /static/lib/<package>/<path>; settings name `folder()` in STATICFILES_DIRS.  Copied one by
one because the packages bring more than 100 MB of sources and variants that no browser asks for.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from linli.site import environment

FILES = (
    "htmx.org/dist/htmx.min.js",
    "maplibre-gl/dist/maplibre-gl.mjs",
    "maplibre-gl/dist/maplibre-gl-worker.mjs",
    "echarts/dist/echarts.simple.min.js",
)
# Source maps are not served; the comment that names them would break the manifest storage.
MAP_COMMENT = re.compile(rb"\n?(//|/\*)# sourceMappingURL=[^\n]*\s*\Z")


def folder() -> Path:
    """Where the served files lie: in a checkout `var/lib`, else under LINLI_HOME."""
    return environment.CHECKOUT / "var" / "lib" if environment.from_checkout() else environment.home() / "lib"


def missing() -> list[str]:
    """The library files that are not there; `make run` installs them."""
    return [name for name in FILES if not (folder() / name).is_file()]


def take(source: Path) -> None:
    """Replace the served files by those of `source` (a node_modules folder). FileNotFoundError names what is missing."""
    draft = folder().with_name(f".lib-{os.getpid()}")
    for name in FILES:
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(MAP_COMMENT.sub(b"\n", (source / name).read_bytes()))
    shutil.rmtree(folder(), ignore_errors=True)
    draft.rename(folder())


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else environment.CHECKOUT / "node_modules")
