"""The seal of a result document: a seam. Unbound, a text frame that says it is for demonstration; never a picture."""

from collections.abc import Callable
from dataclasses import dataclass

DEMO = "演示用电子签章文字框：未接入电子签章服务，不是印章图样，不具印章效力"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in the frame: the deciding unit, what kind of seal it is, and a bound service's signature."""

    unit: str
    words: str
    signature: str = ""


Service = Callable[[str, bytes], Mark]  # unit's name, SHA-256 of the text -> mark
_service: list[Service] = []


def bind(service: Service) -> None:
    """Binds the county's electronic seal service; the last one bound seals."""
    _service[:] = [service]


def seal(unit: str, digest: bytes) -> Mark:
    return _service[0](unit, digest) if _service else Mark(unit, DEMO)
