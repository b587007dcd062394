"""Every write of identity, by noun."""

from linli.kernel.identity.actions.accounts import (
    choose_large_font,
    create_account,
    disable_account,
    enable_account,
    set_password,
)
from linli.kernel.identity.actions.keys import rotate_keys
from linli.kernel.identity.actions.phones import (
    change_phone,
    check_phone_code,
    forget_old_codes,
    send_phone_code,
)
from linli.kernel.identity.actions.sessions import (
    check_password,
    end_session,
    end_sessions,
    refuse_when_locked,
    remember_failure,
    remember_session,
)
from linli.kernel.identity.actions.tokens import issue_token, revoke_token

__all__ = [
    "change_phone",
    "check_password",
    "check_phone_code",
    "choose_large_font",
    "create_account",
    "disable_account",
    "enable_account",
    "end_session",
    "end_sessions",
    "forget_old_codes",
    "issue_token",
    "refuse_when_locked",
    "remember_failure",
    "remember_session",
    "revoke_token",
    "rotate_keys",
    "send_phone_code",
    "set_password",
]
