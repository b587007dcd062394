"""Everything that writes: receivers (webhooks) and their messages (deliveries); data sources and the questions put to them (asking)."""

from linli.exchange.actions.asking import ask_due, give_up_due, request_lookup
from linli.exchange.actions.deliveries import (
    deliver_due,
    forget_old,
    resend,
    send_test,
    write_message,
)
from linli.exchange.actions.sources import (
    ask_again,
    connect_source,
    switch_source_off,
    switch_source_on,
    try_source,
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
    "ask_again",
    "ask_due",
    "change_webhook",
    "connect_source",
    "deliver_due",
    "forget_old",
    "give_up_due",
    "request_lookup",
    "resend",
    "rotate_secret",
    "send_test",
    "switch_off",
    "switch_on",
    "switch_source_off",
    "switch_source_on",
    "try_source",
    "write_message",
]
