"""Templates and delivery settings, read from YAML when the program starts."""

from datetime import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from linli.kernel.notify.rules import Quiet, Template, TemplateError, read_template

_templates: dict[str, Template] = {}


class Delivery(NamedTuple):
    quiet: Quiet
    pauses: tuple[int, ...]  # seconds
    lease: int  # seconds
    connect: float  # seconds
    read: float  # seconds
    keep_days: int


def register_templates(path: Path | str) -> None:
    """Adds the templates of a YAML file (a room's data/notices.yaml). TemplateError for a defect or a code given twice
    with different words."""
    raw = yaml.safe_load(Path(path).read_text("utf-8"))
    for row in raw["templates"]:
        template = read_template(
            row,
            version=int(raw["version"]),
            status=raw.get("status", "to_confirm"),
            source=raw.get("source", ""),
        )
        if _templates.get(template.code, template) != template:
            raise TemplateError(f"通知模板 {template.code} 重复定义")
        _templates[template.code] = template


def template(code: str) -> Template:
    """As the files have it (`current.template` is what is in force). TemplateError when no file has it."""
    if code not in _templates:
        raise TemplateError(f"没有通知模板 {code}，请检查 data/notices.yaml")
    return _templates[code]


def known() -> dict[str, Template]:
    """By code, as the files have them."""
    return _templates


def templates() -> list[Template]:
    return sorted(_templates.values(), key=lambda t: t.code)


@cache
def delivery() -> Delivery:
    """data/delivery.yaml."""
    raw = yaml.safe_load((Path(__file__).parent / "data" / "delivery.yaml").read_text("utf-8"))
    quiet = Quiet(time.fromisoformat(raw["quiet"]["from"]), time.fromisoformat(raw["quiet"]["until"]))
    return Delivery(
        quiet,
        tuple(raw["retry_seconds"]),
        raw["lease_seconds"],
        raw["connect_seconds"],
        raw["read_seconds"],
        raw["keep_days"],
    )
