"""Where a request comes from: what limits and lock-outs are counted by."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The address of the caller. X-Forwarded-For counts only as far as LINLI_TRUSTED_PROXIES front servers wrote it:
    anything left of that the caller may have invented.
    """
    trusted = settings.LINLI_TRUSTED_PROXIES
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    written = chain[-trusted] if trusted and len(chain) >= trusted else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return "0.0.0.0"
    if address.version == 6:  # a household has a whole /64 to choose from
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return str(address)
