"""What runs every second or so: the ladder and the review dates."""

from linli.dispatch import actions
from linli.kernel.bus.registry import every


@every(1.0)
def climb_ladders() -> int:
    return actions.fire_rungs()


@every(60.0)
def resume_suspended() -> int:
    return actions.resume_due()


@every(10.0)
def judge_pictures() -> int:
    """Pictures that came after the act they belong to."""
    return actions.judge_late_photos()
