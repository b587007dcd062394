"""One request to an outside system: looked up once, sent to that very address, over in time, never redirected.

A name that points into the own network is refused (LINLI_WEBHOOK_PRIVATE), and since the connection goes to the address
that was judged, a name that changes its mind between the two looks cannot lead anywhere else. No database here.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings

from linli.exchange.answers import LONGEST_ANSWER, Reply, place_fault, source_faults
from linli.exchange.rules import Target, Verdict, address_fault, judge, target, url_faults

AGENT = "linli-webhook/1"
UNKNOWN = "域名查不到地址"


def inside_allowed() -> bool:
    """Whether receivers in the own network, and plain http, are allowed here."""
    return str(settings.LINLI_WEBHOOK_PRIVATE) == "allow"


@cache
def tls() -> ssl.SSLContext:
    """The system's own list of authorities: a department's authority is added there (or by SSL_CERT_FILE)."""
    return ssl.create_default_context()


class Line:
    """A connection that is cut when its time is over, whatever the other side drips in meanwhile."""

    def __init__(self, seconds: float) -> None:
        self.sock: socket.socket | None = None
        self.seconds, self.over = seconds, False
        self._watch = threading.Timer(seconds, self._cut)
        self._watch.daemon = True
        self._watch.start()

    def _cut(self) -> None:
        self.over = True
        if self.sock is not None:
            with contextlib.suppress(OSError):  # not connected yet, or gone: its own time-out ends it
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # TLS' own shutdown would touch its state

    def connect(self, aim: Target, found: Sequence[tuple[Any, ...]]) -> None:
        """To the first of the judged addresses that opens."""
        for place, (family, _, _, _, address) in enumerate(found, 1):
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.settimeout(self.seconds)
            try:
                self.sock.connect(address)
                break
            except OSError:
                self.sock.close()
                if place == len(found) or self.over:
                    raise
        if aim.secure and self.sock is not None:
            self.sock = tls().wrap_socket(self.sock, server_hostname=aim.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def close(self) -> None:
        self._watch.cancel()
        if self.sock is not None:
            self.sock.close()


def post(url: str, body: str, headers: Mapping[str, str], *, seconds: float) -> Verdict:
    """Posts JSON and says what came of it. Never raises; the words name no address."""
    inside = inside_allowed()
    aim = target(url)
    if aim is None or url_faults(url, inside=inside):
        return Verdict("refused", "网址已不符合现在的规定，请修改后重发")
    found = _look_up(aim)
    if not found:
        return Verdict("again", UNKNOWN, rests=True)
    for one in found:
        if said := address_fault(str(one[4][0]), inside=inside):
            return Verdict("refused", f"域名指向的地址不能用：{said}")
    line = Line(seconds)
    try:
        return judge(_sent(line, aim, found[:4], "POST", body, headers).status)
    except Exception as error:  # whatever one receiver does must not stop the others
        return Verdict("again", _words(error, line), rests=True)
    finally:
        line.close()


def ask(method: str, url: str, body: str, headers: Mapping[str, str], *, seconds: float) -> Reply:
    """Asks a data source and reads what it says, up to LONGEST_ANSWER and one byte. Never raises; the words name no address.

    Other than a receiver, a source may stand in the government's network (answers.place_fault), whatever the setting.
    """
    own = inside_allowed()
    aim = target(url)
    if aim is None or source_faults(url, own=own):
        return Reply(None, b"", "接口网址已不符合现在的规定，请修改", closed=True)
    found = _look_up(aim)
    if not found:
        return Reply(None, b"", UNKNOWN, rests=True)
    for one in found:
        if said := place_fault(str(one[4][0]), secure=aim.secure, own=own):
            return Reply(None, b"", f"域名指向的地址不能用：{said}", closed=True)
    line = Line(seconds)
    try:
        return _read(line, _sent(line, aim, found[:4], method, body, headers))
    except Exception as error:  # whatever one source does must not stop the others
        return Reply(None, b"", _words(error, line), rests=True)
    finally:
        line.close()


def _read(line: Line, answer: http.client.HTTPResponse) -> Reply:
    raw = answer.read(LONGEST_ANSWER + 1)
    if line.over:  # a cut connection looks like the end of the answer
        raise TimeoutError
    if answer.length and len(raw) <= LONGEST_ANSWER:
        raise ConnectionError("the answer broke off")
    busy = answer.status in (429, 502, 503, 504)
    return Reply(answer.status, raw, f"对方已答复（HTTP {answer.status}）", rests=busy)


def _look_up(aim: Target) -> list[tuple[Any, ...]]:
    try:
        return list(socket.getaddrinfo(aim.host, aim.port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return []


def _sent(
    line: Line,
    aim: Target,
    found: Sequence[tuple[Any, ...]],
    method: str,
    body: str,
    headers: Mapping[str, str],
) -> http.client.HTTPResponse:
    """Sends over `line` and reads the status line and headers; a receiver's body is nobody's business."""
    line.connect(aim, found)
    carrier = http.client.HTTPConnection(aim.host, aim.port)
    carrier.sock = line.sock
    own = {"Host": aim.shown, "User-Agent": AGENT, "Connection": "close"}
    kind = {"Content-Type": "application/json; charset=utf-8"} if body else {}
    carrier.request(method, aim.path, body.encode() or None, {**own, **kind, **headers})
    answer = carrier.getresponse()
    if line.over:  # a cut connection looks like the end of the headers
        raise TimeoutError
    return answer


def _words(error: Exception, line: Line) -> str:
    if line.over or isinstance(error, TimeoutError):
        return f"{line.seconds:g} 秒内没有答复"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "对方的 HTTPS 证书无法验证"
    if isinstance(error, ssl.SSLError):
        return "与对方建立 HTTPS 连接失败"
    if isinstance(error, ConnectionRefusedError):
        return "对方没有开放这个端口"
    if isinstance(error, http.client.HTTPException | ValueError):
        return "对方的答复不是 HTTP 格式"
    return "与对方的连接中断或连接不上"
