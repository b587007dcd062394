#!/usr/bin/env python3
"""A small department: answers the questions linli's data sources ask, with made-up people. For demonstration and tests.

    DEPARTMENT_SECRET=whsec_… python ops/department_server.py --port 8090

Everything said of a person is worked out from the identity number and the seed, so the same question always has the
same answer; the name is the one asked for (a department knows its people; this one has none). Every request must carry
the Standard Webhooks headers signed with the secret. A request number asked twice is answered the same twice.

    POST /<register>         200 {"request", "found", "record"}; 202 while it is being worked on
    GET  /requests/<number>  the answer to a question taken with 202
    GET  /ping               200
    POST /control            {"register": "identity", "fault": "slow", "seconds": 2, "times": 1}; "fault": "" ends it
    GET  /asked              the numbers asked so far, in order

Faults: slow (seconds) · error (status) · malformed · absent · mismatch · asynchronous (polls) · drop. `register` "*" is all.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import random
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = ("slow", "error", "malformed", "absent", "mismatch", "asynchronous", "drop")
KEPT = 10_000  # answers remembered
LARGEST = 65_536
TOLERANCE = 300  # seconds a signature may be old
BANKS = ("农村商业银行", "邮政储蓄银行", "农业银行")
KINDS = ("肢体", "视力", "听力", "智力", "精神")
OTHER_NAMES = ("甲某", "乙某", "丙某")

Record = dict[str, Any]
Maker = Callable[[random.Random, str, str], Record | None]


def day_of(dice: random.Random) -> str:
    return (date(2015, 1, 1) + timedelta(days=dice.randrange(3650))).isoformat()


def seldom(share: float, make: Maker) -> Maker:
    """A register in which only a share of all people stands."""
    return lambda dice, name, number: make(dice, name, number) if dice.random() < share else None


def plain(**more: Callable[[random.Random], Any]) -> Maker:
    return lambda dice, name, number: {"name": name, **{key: roll(dice) for key, roll in more.items()}}


def one_of(*words: str) -> Callable[[random.Random], str]:
    return lambda dice: dice.choice(words)


def up_to(top: int, least: int = 0) -> Callable[[random.Random], int]:
    return lambda dice: dice.randint(least, top)


def identity(_: random.Random, name: str, number: str) -> Record:
    return {
        "name": name,
        "birth": f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        "sex": "男" if int(number[16]) % 2 else "女",
        "valid": True,
    }


def household(_: random.Random, name: str, number: str) -> Record:
    return {"name": name, "head": name, "local": True, "area": number[:6]}


REGISTERS: dict[str, Maker] = {
    # 公安 · 民政 · 残联 · 人社 · 税务 · 不动产 · 医保 · 其他
    "identity": identity,
    "household": household,
    "residence": seldom(0.3, plain(valid=lambda _: True)),
    "vehicle": seldom(0.2, plain(count=up_to(2, 1))),
    "relief": seldom(0.3, plain(kind=one_of("低保", "特困", "低保边缘"), valid=lambda _: True)),
    "marriage": seldom(0.8, plain(status=one_of("已婚", "离异"))),
    "verification": plain(low_income=lambda _: True),
    "funeral": seldom(0.1, plain(on=day_of)),
    "deposits": seldom(0.6, plain(total_fen=up_to(2_000_000))),
    "disability": plain(grade=up_to(4, 1), kind=one_of(*KINDS), valid=lambda _: True),
    "insurance": seldom(0.7, plain(paying=lambda dice: dice.random() < 0.5, months=up_to(240))),
    "card": plain(bank=one_of(*BANKS), valid=lambda _: True),
    "unemployment": seldom(0.2, plain(since=day_of)),
    "tax": seldom(0.3, plain(year=lambda _: 2025, paid_fen=up_to(500_000))),
    "property": seldom(0.4, plain(count=up_to(2, 1))),
    "medical": plain(total_fen=up_to(9_000_000, 100_000), own_fen=up_to(90_000)),
    "veteran": seldom(0.1, plain(valid=lambda _: True)),
    "fund": seldom(0.2, plain(balance_fen=up_to(3_000_000))),
    "business": seldom(0.1, plain(count=up_to(1, 1))),
    "birth": seldom(0.1, plain(on=day_of)),
    "death": seldom(0.1, plain(on=day_of)),
    "school": seldom(0.2, plain(school=one_of("第一小学", "第二中学"), valid=lambda _: True)),
    "housing": seldom(0.3, plain(grade=one_of("B", "C", "D"))),
}


@dataclass
class Fault:
    kind: str
    seconds: float = 0.0
    status: int = 500
    polls: int = 1
    times: int = -1  # -1: until told otherwise


@dataclass
class Department:
    """What the server knows and has said."""

    secret: str
    seed: int = 1
    faults: dict[str, Fault] = field(default_factory=dict)
    said: OrderedDict[str, Record] = field(default_factory=OrderedDict)
    polls: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def signed(self, number: str, stamp: str, given: str, body: bytes) -> bool:
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE:
            return False
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        right = hmac.new(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256).digest()
        wanted = "v1," + base64.b64encode(right).decode()
        return any(hmac.compare_digest(wanted, one) for one in given.split(" "))

    def control(self, told: Record) -> None:
        register, kind = str(told["register"]), str(told["fault"])
        if kind and kind not in FAULTS:
            raise ValueError(kind)
        more = {name: told[name] for name in ("seconds", "status", "polls", "times") if name in told}
        with self.lock:
            self.faults.pop(register, None)
            if kind:
                self.faults[register] = Fault(kind, **more)

    def fault(self, register: str) -> Fault | None:
        with self.lock:
            name = register if register in self.faults else "*"
            found = self.faults.get(name)
            if found is not None and found.times > 0:
                found.times -= 1
                if not found.times:
                    del self.faults[name]
            return found

    def answer(self, register: str, told: Record, kind: str) -> Record:
        """The answer to one question; the same number is answered from memory."""
        asked = str(told["request"])
        name, number = str(told["person"]["name"]), str(told["person"]["number"])
        if len(number) != 18 or not number[:17].isdigit():
            raise ValueError("number")
        with self.lock:
            self.asked.append(asked)
            del self.asked[:-KEPT]
            if asked not in self.said:
                self.said[asked] = self._made(register, asked, name, number, kind)
            if len(self.said) > KEPT:
                self.polls.pop(self.said.popitem(last=False)[0], None)
            return self.said[asked]

    def _made(self, register: str, asked: str, name: str, number: str, kind: str) -> Record:
        dice = random.Random(f"{self.seed}:{register}:{number}")
        record = None if kind == "absent" else REGISTERS[register](dice, name, number)
        while record is None and kind == "mismatch":
            record = REGISTERS[register](dice, name, number)
        if record is not None and kind == "mismatch":
            record["name"] = dice.choice(OTHER_NAMES)
        return {"request": asked, "found": record is not None} | ({"record": record} if record else {})

    def poll(self, number: str) -> Record | None:
        """The answer once it is ready, None while it is not. Raises KeyError for a number nobody asked."""
        with self.lock:
            left = self.polls.get(number, 0)
            if left > 0:
                self.polls[number] = left - 1
                return None
            return self.said[number]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    department: Department

    def do_GET(self) -> None:
        if not self._genuine(b""):
            return
        if self.path == "/ping":
            return self._say(200, {"ready": True})
        if self.path == "/asked":
            return self._say(200, {"asked": self.department.asked})
        head, _, number = self.path.rpartition("/")
        if head != "/requests":
            return self._say(404, {"error": "not found"})
        try:
            found = self.department.poll(number)
        except KeyError:
            return self._say(404, {"error": "not asked"})
        self._say(202 if found is None else 200, found or {"request": number})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST:
            return self._say(413, {"error": "too large"})
        body = self.rfile.read(size)
        if not self._genuine(body):
            return
        register = self.path.strip("/")
        try:
            told = json.loads(body)
            if register == "control":
                self.department.control(told)
                return self._say(200, {"ready": True})
            if register not in REGISTERS:
                return self._say(404, {"error": "no such register"})
            self._tell(register, told)
        except (KeyError, TypeError, ValueError) as error:
            self._say(422, {"error": f"{type(error).__name__}: {error}"})

    def _tell(self, register: str, told: Record) -> None:
        fault = self.department.fault(register)
        kind = fault.kind if fault else ""
        found = self.department.answer(register, told, kind)
        if fault is None or kind in ("absent", "mismatch"):
            return self._say(200, found)
        if kind == "slow":
            time.sleep(fault.seconds)
            return self._say(200, found)
        if kind == "error":
            return self._say(fault.status, {"error": "out of order"})
        if kind == "asynchronous":
            with self.department.lock:
                self.department.polls.setdefault(str(told["request"]), fault.polls)
            return self._say(202, {"request": told["request"]})
        if kind == "malformed":
            return self._say(200, {"request": told["request"], "found": "yes"})
        self._drop()

    def _drop(self) -> None:
        """Half an answer, then silence."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _genuine(self, body: bytes) -> bool:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        number, stamp, given = (self.headers.get(name, "") for name in names)
        if self.department.signed(number, stamp, given, body):
            return True
        self._say(401, {"error": "signature"})
        return False

    def _say(self, status: int, told: Record) -> None:
        body = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # whoever asked did not wait

    def log_message(self, *said: object) -> None:
        """Nothing: a request names a person."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A made-up department for demonstration and tests.")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    secret = os.environ.get("DEPARTMENT_SECRET", "")
    if not secret.startswith("whsec_"):
        sys.exit("DEPARTMENT_SECRET must hold a whsec_ secret")
    department = Department(secret, given.seed)
    handler = type("DepartmentHandler", (Handler,), {"department": department})
    server = ThreadingHTTPServer((given.host, given.port), handler)
    server.daemon_threads = True
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
