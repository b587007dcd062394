"""The one request, against real sockets on loopback."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from linli.exchange import outgoing
from linli.exchange.tests.conftest import Receiver

HEADERS = {"webhook-id": "1"}
NAME = "hooks.example.org"


def send(url: str, seconds: float = 5.0):
    return outgoing.post(url, '{"a":"城"}', HEADERS, seconds=seconds)


def test_a_message_arrives_as_json_with_its_headers(receiver):
    assert send(receiver.url).kind == "sent"
    got = receiver.got[0]
    assert got.path == "/hook?of=linli" and got.told == {"a": "城"} and got.id == "1"
    assert got.headers["content-type"].startswith("application/json")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_redirect_is_not_followed(receiver):
    other = Receiver()
    receiver.status, receiver.location = 307, other.url
    verdict = send(receiver.url)
    other.close()
    assert verdict.kind == "again" and "不跟随" in verdict.words and not other.got


def test_a_silent_receiver_is_given_up_in_time(receiver):
    receiver.delay = 3
    verdict = send(receiver.url, seconds=0.3)
    assert (verdict.kind, verdict.rests) == ("again", True) and "没有答复" in verdict.words


def test_a_receiver_that_drips_is_cut_off(receiver):
    receiver.drip = True
    verdict = send(receiver.url, seconds=0.4)
    assert verdict.kind == "again" and "0.4 秒内没有答复" in verdict.words


def test_a_closed_port_is_said_in_words(settings):
    settings.LINLI_WEBHOOK_PRIVATE = "allow"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "端口" in send(f"http://127.0.0.1:{port}/").words


def test_what_does_not_speak_http_is_said_in_words(settings):
    settings.LINLI_WEBHOOK_PRIVATE = "allow"
    server = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        line, _ = server.accept()
        line.recv(10_000)
        line.sendall(b"220 mail ready\r\n")
        line.close()

    threading.Thread(target=speak, daemon=True).start()
    verdict = send(f"http://127.0.0.1:{server.getsockname()[1]}/")
    server.close()
    assert verdict.kind == "again" and "HTTP" in verdict.words


def test_the_own_network_is_refused_without_a_connection(receiver, settings):
    settings.LINLI_WEBHOOK_PRIVATE = "refuse"
    assert send(receiver.url).kind == "refused"
    assert send(f"https://127.0.0.1:{receiver.port}/").kind == "refused"
    assert not receiver.got


class Names:
    """A name server that may change its mind, and counts how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int, *_: object, **__: object):
        self.asked += 1
        found = self.answers[min(self.asked, len(self.answers)) - 1]
        if not found:
            raise socket.gaierror(-2, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]


@pytest.mark.parametrize("addresses", [["10.0.0.9"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"]])
def test_a_name_that_points_into_the_own_network_is_refused(monkeypatch, settings, addresses):
    settings.LINLI_WEBHOOK_PRIVATE = "refuse"
    monkeypatch.setattr(socket, "getaddrinfo", Names(addresses))
    verdict = send(f"https://{NAME}/")
    assert verdict.kind == "refused" and "不能" in verdict.words


def test_an_unknown_name_is_tried_again(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Names([]))
    assert send(f"https://{NAME}/") == outgoing.Verdict("again", "域名查不到地址", rests=True)


def test_the_next_address_of_a_name_is_tried_when_the_first_is_closed(receiver, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.2", "127.0.0.1"]))
    assert send(f"http://{NAME}:{receiver.port}/").kind == "sent" and len(receiver.got) == 1


def authority(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for `name` that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name)]
    if name[0].isdigit():
        alternatives = [x509.IPAddress(ipaddress.ip_address(name))]
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    held, secret = folder / f"{name}.pem", folder / f"{name}.key"
    held.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return held, secret


@pytest.fixture
def secure(settings, tmp_path, monkeypatch):
    """Starts an https receiver with a certificate for `name`; its authority is known here when `known`."""
    settings.LINLI_WEBHOOK_PRIVATE = "allow"
    started = []

    def start(name: str, known: bool = True) -> Receiver:
        held, secret = authority(tmp_path, name)
        made = Receiver()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(held, secret)
        made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
        started.append(made)
        if known:
            trusting = ssl.create_default_context(cafile=str(held))
            monkeypatch.setattr(outgoing, "tls", lambda: trusting)
        return made

    yield start
    for one in started:
        one.close()


def test_the_name_is_looked_up_once_and_the_certificate_must_be_for_it(secure, monkeypatch):
    made, names = secure(NAME), Names(["127.0.0.1"], ["93.184.216.34"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    assert send(f"https://{NAME}:{made.port}/in").kind == "sent"
    assert names.asked == 1 and made.got[0].headers["host"] == f"{NAME}:{made.port}"


def test_a_certificate_for_another_name_is_refused(secure, monkeypatch):
    made = secure("other.example.org")
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    verdict = send(f"https://{NAME}:{made.port}/")
    assert verdict.kind == "again" and "证书" in verdict.words and not made.got


def test_a_certificate_of_an_unknown_authority_is_refused(secure, monkeypatch):
    made = secure(NAME, known=False)
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    assert "证书" in send(f"https://{NAME}:{made.port}/").words and not made.got


def test_a_handshake_that_never_ends_is_cut_off(settings, monkeypatch):
    settings.LINLI_WEBHOOK_PRIVATE = "allow"
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def stay() -> None:
        line, _ = server.accept()
        line.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB is announced
        with contextlib.suppress(OSError):
            while not over.wait(0.05):
                line.sendall(b"\x02")
        line.close()

    threading.Thread(target=stay, daemon=True).start()
    verdict = send(f"https://127.0.0.1:{server.getsockname()[1]}/", seconds=0.4)
    over.set()
    server.close()
    assert verdict.kind == "again" and verdict.rests and "没有答复" in verdict.words
