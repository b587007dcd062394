"""Everything that writes: receivers by an administrator (webhooks), messages by reactions and jobs (deliveries)."""

from linli.exchange.actions.deliveries import (
    deliver_due,
    forget_old,
    resend,
    send_test,
    write_message,
)
from linli.exchange.actions.webhooks import (
    add_webhook,
    change_webhook,
    rotate_secret,
    switch_off,
    switch_on,
)

__all__ = [
    "add_webhook",
    "change_webhook",
    "deliver_due",
    "forget_old",
    "resend",
    "rotate_secret",
    "send_test",
    "switch_off",
    "switch_on",
    "write_message",
]
