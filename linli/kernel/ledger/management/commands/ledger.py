"""`ledger verify`, `ledger prove`, `ledger consistency`: plain words, exit code 0 only when all is well."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.ledger import queries, rules
from linli.kernel.ledger.models import Head


class Command(BaseCommand):
    help = "核验存证：全部重算、给出一条记录的包含证明、证明旧树是新树的前缀"

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        verify = acts.add_parser("verify", help="从记录本身重算全部存证")
        verify.add_argument("--log", default="", help="只核验一本")
        prove = acts.add_parser("prove", help="一条记录的包含证明（JSON）")
        prove.add_argument("entry", type=int, help="记录编号")
        consistency = acts.add_parser("consistency", help="自抄录的树根以来，旧记录是否未被改动")
        consistency.add_argument("size", type=int, help="抄录时的条数")
        consistency.add_argument("root", help="抄录的树根（十六进制）")
        consistency.add_argument("--log", default="county", help="存证簿")

    def handle(self, *args: Any, **options: Any) -> None:
        act = {"verify": self.verify, "prove": self.prove, "consistency": self.consistency}[options["act"]]
        if not act(options):
            sys.exit(1)

    def verify(self, options: dict[str, Any]) -> bool:
        logs = [options["log"]] if options["log"] else queries.logs()
        verdicts = [queries.verify(log) for log in logs]
        for one in verdicts:
            state = "完好" if not one.broken else "有问题"
            self.stdout.write(
                f"{one.log}：{one.size} 条，{state}，另有 {one.waiting} 条等待编号，树根 {one.root}"
            )
            for said in one.broken:
                self.stdout.write(f"  {said}")
        if not logs:
            self.stdout.write("还没有存证记录。")
        return not any(one.broken for one in verdicts)

    def prove(self, options: dict[str, Any]) -> bool:
        try:
            proof = queries.proof_of(SYSTEM, options["entry"])
        except Refused as refused:
            raise CommandError(refused.message) from refused
        path = [bytes.fromhex(step) for step in proof["audit_path"]]
        leaf = rules.leaf_hash(proof["entry"].encode())
        root = bytes.fromhex(proof["root_hash"])
        holds = rules.verify_inclusion(leaf, proof["leaf_index"], proof["tree_size"], path, root)
        self.stdout.write(json.dumps(proof, ensure_ascii=False, indent=1))
        self.stdout.write("包含证明成立。" if holds else "包含证明不成立：记录或存证树被改动。")
        return holds

    def consistency(self, options: dict[str, Any]) -> bool:
        log, old = options["log"], options["size"]
        try:
            written = bytes.fromhex(options["root"])
            new, path = queries.prove_consistency(log, old)
        except ValueError as why:
            raise CommandError(f"条数或树根有误：{why}") from why
        head = Head.objects.filter(log=log, size=new).first()
        root = bytes(head.root) if head else rules.EMPTY
        holds = rules.verify_consistency(old, new, written, root, [bytes.fromhex(step) for step in path])
        told = f"{old} 条时的树根与现在 {new} 条的存证树" + (
            "一致，旧记录未被改动。" if holds else "不一致：旧记录被改动过，或树根抄录有误。"
        )
        self.stdout.write(told)
        return holds
