"""Telling somebody something and seeing to it that it arrives; what an administrator sets about it."""

from linli.kernel.notify.actions.sending import (
    AT_ONCE,
    SENDERS,
    deliver_code,
    deliver_due,
    mark_read,
    notify,
)
from linli.kernel.notify.actions.setting import (
    resend,
    send_trial,
    set_channel,
    set_quiet_hours,
    set_wording,
    switch_channel,
)

__all__ = [
    "AT_ONCE",
    "SENDERS",
    "deliver_code",
    "deliver_due",
    "mark_read",
    "notify",
    "resend",
    "send_trial",
    "set_channel",
    "set_quiet_hours",
    "set_wording",
    "switch_channel",
]
