"""Settings are read from the environment once, here; a wrong value stops the start and names itself.

`env` collects every problem instead of stopping at the first one, so that an operator corrects a
file once: settings.py reads all it needs and ends with `env.check()`.  Secrets and URLs (they hold
passwords) may also be given as the name of a file, in `NAME_FILE`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar, overload
from urllib.parse import urlsplit

Value = TypeVar("Value")

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
CHECKOUT = Path(__file__).resolve().parents[2]


class WrongSettings(SystemExit):
    """Settings that cannot be used; `problems` maps the variable's name to what is wrong with it.

    A SystemExit, because no process may go on without its settings, and because its text then
    reaches the operator without a traceback.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        lines = "\n".join(f"  {name}：{why}" for name, why in self.problems.items())
        self.message = f"设置有误，未启动。请改正以下环境变量后重试：\n{lines}"
        super().__init__(self.message)


class Environment:
    """Typed reading of environment variables; every method returns the default when the value is wrong."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values: Mapping[str, str] = os.environ if values is None else values
        self.problems: dict[str, str] = {}

    @overload
    def text(self, name: str, default: str = "") -> str: ...
    @overload
    def text(self, name: str, default: None) -> str | None: ...
    def text(self, name: str, default: str | None = "") -> str | None:
        """The value as written, without surrounding space; the default when unset or empty."""
        return self.values.get(name, "").strip() or default

    def flag(self, name: str, default: bool = False) -> bool:
        """True for 1/true/yes/on, False for 0/false/no/off."""
        written = self.values.get(name)
        if written is None or not written.strip():
            return default
        word = written.strip().lower()
        if word not in TRUE | FALSE:
            self._wrong(name, f"“{written}”不是开关值，请写 1 或 0")
            return default
        return word in TRUE

    @overload
    def number(
        self, name: str, default: int, *, least: float | None = None, most: float | None = None
    ) -> int: ...
    @overload
    def number(
        self, name: str, default: float, *, least: float | None = None, most: float | None = None
    ) -> float: ...
    def number(
        self, name: str, default: float, *, least: float | None = None, most: float | None = None
    ) -> int | float:
        """A number of the default's own type (whole or decimal), within [least, most] where given."""
        kind: Callable[[str], int | float] = int if isinstance(default, int) else float
        value = self._read(name, default, kind, "不是整数" if kind is int else "不是数字")
        if (least is not None and value < least) or (most is not None and value > most):
            ends = [
                f"不小于 {least:g}" if least is not None else "",
                f"不大于 {most:g}" if most is not None else "",
            ]
            self._wrong(name, f"{value} 超出范围，应{'、'.join(end for end in ends if end)}")
            return default
        return value

    def path(self, name: str, default: Path | str) -> Path:
        """An absolute path; `~` is expanded, a relative one starts at the working directory."""
        return Path(self.text(name) or default).expanduser().absolute()

    def choice(self, name: str, options: Iterable[str], default: str) -> str:
        """One of the options."""
        value, allowed = self.text(name, default), list(options)
        if value not in allowed:
            self._wrong(name, f"“{value}”不在可选值之内：{'、'.join(allowed)}")
            return default
        return value

    def words(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """A comma-separated list without empty parts."""
        written = self.text(name)
        return [part.strip() for part in written.split(",") if part.strip()] if written else list(default)

    @overload
    def secret(self, name: str, default: str = "") -> str: ...
    @overload
    def secret(self, name: str, default: None) -> str | None: ...
    def secret(self, name: str, default: str | None = "") -> str | None:
        """NAME, or the first line of the file named by NAME_FILE; giving both is an error."""
        written, file = self.text(name), self.text(f"{name}_FILE")
        if written and file:
            self._wrong(name, f"与 {name}_FILE 同时设置，请只保留一个")
            return default
        if not file:
            return written or default
        try:
            first = Path(file).expanduser().read_text("utf-8").split("\n", 1)[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            self._wrong(f"{name}_FILE", f"无法读取文件 {file}（{error}）")
            return default
        if not first:
            self._wrong(f"{name}_FILE", f"文件 {file} 的第一行是空的")
            return default
        return first

    @overload
    def url(self, name: str, default: str = "", *, schemes: Iterable[str] = ()) -> str: ...
    @overload
    def url(self, name: str, default: None, *, schemes: Iterable[str] = ()) -> str | None: ...
    def url(self, name: str, default: str | None = "", *, schemes: Iterable[str] = ()) -> str | None:
        """A URL with scheme and host, also as NAME_FILE; the message never repeats it, for its password."""
        value = self.secret(name)
        if not value:
            return default
        allowed = list(schemes)
        try:
            parts = urlsplit(value)
            complete = bool(parts.scheme) and bool(parts.hostname or parts.path.strip("/"))
            _ = parts.port
        except ValueError:
            complete = False
        if not complete or (allowed and parts.scheme not in allowed):
            shape = f"{'、'.join(allowed)}:// 开头的地址" if allowed else "“协议://主机:端口/路径”的样子"
            self._wrong(name, f"不是可用的地址，应为{shape}")
            return default
        return value

    def wrong(self, name: str, why: str) -> None:
        """For rules between settings that only settings.py can know."""
        self._wrong(name, why)

    def check(self) -> None:
        """Raise WrongSettings when anything read so far was wrong."""
        if self.problems:
            raise WrongSettings(self.problems)

    def _read(self, name: str, default: Value, kind: Callable[[str], Value], why: str) -> Value:
        written = self.text(name)
        if not written:
            return default
        try:
            return kind(written)
        except ValueError:
            self._wrong(name, f"“{written}”{why}")
            return default

    def _wrong(self, name: str, why: str) -> None:
        self.problems.setdefault(name, why)


env = Environment()


def from_checkout() -> bool:
    """Whether this program runs from its source tree (and may keep its state there)."""
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "linli").is_dir()


def home() -> Path:
    """LINLI_HOME: all state of this installation (database, message store, files, secrets).

    Default: `var/` in a checkout; `/var/lib/linli` for root; else the XDG state folder.
    """
    if from_checkout():
        usual = CHECKOUT / "var"
    elif os.geteuid() == 0:
        usual = Path("/var/lib/linli")
    else:
        usual = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "linli"
    return env.path("LINLI_HOME", usual)


def stored_secret(path: Path, size: int = 32) -> str:
    """The secret kept in `path` (mode 0600), made on first use.  Two processes agree on one secret."""
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(size) + "\n")
    try:
        os.link(draft, path)  # fails when the other process was first: its secret counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text("ascii").strip()
