import threading
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, Scope
from linli.kernel.ledger import actions, queries, rules
from linli.kernel.ledger.models import Entry, Head, Node, Salt

pytestmark = pytest.mark.django_db


def write(count: int, log: str = "county") -> None:
    deeds = [
        actions.Deed(f"test.thing:{number}", "touch", "system:linli", {"n": number}, log=log)
        for number in range(count)
    ]
    actions.record_many(deeds)


def tamper(statement: str) -> None:
    """What only the owner of the tables can do: switch the triggers off, change, switch them on again."""
    with connection.cursor() as cursor:
        for table in ("ledger_entry", "ledger_node", "ledger_head"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("ledger_entry", "ledger_node", "ledger_head"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_record_is_one_statement_and_waits_for_its_place(django_assert_num_queries: Callable) -> None:
    with django_assert_num_queries(1):
        actions.record(subject="test.thing:1", verb="touch", by=SYSTEM, fields={"n": 1})
    assert Entry.objects.get().seq is None
    assert actions.sequence() == 1
    assert Entry.objects.get().seq == 0


def test_a_record_of_a_transaction_that_fails_never_was() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        write(1)
        raise RuntimeError
    assert not Entry.objects.exists()


def test_the_sequencer_extends_the_tree_in_runs_and_every_head_holds() -> None:
    for count in (1, 4, 11):
        write(count)
        actions.sequence(limit=3)
        while actions.sequence(limit=3):
            pass
    verdict = queries.verify("county")
    assert (verdict.size, verdict.waiting, verdict.broken) == (16, 0, ())
    assert Head.objects.filter(log="county").count() >= 6


def test_an_imports_thousands_of_records_are_written_and_placed() -> None:
    write(4001)
    while actions.sequence():
        pass
    assert queries.verify("county").size == 4001


def test_logs_are_trees_of_their_own() -> None:
    write(3)
    write(2, log="poll:7")
    actions.sequence()
    assert queries.logs() == ["county", "poll:7"]
    assert [queries.verify(log).size for log in queries.logs()] == [3, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET verb = 'other'",
        "UPDATE ledger_entry SET seq = seq + 1",
        "UPDATE ledger_entry SET seq = NULL, leaf = NULL",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_node SET hash = decode('00', 'hex')",
        "DELETE FROM ledger_node",
        "UPDATE ledger_head SET size = 9",
        "DELETE FROM ledger_head",
        "UPDATE ledger_salt SET salt = decode('00', 'hex')",
    ],
)
def test_the_database_refuses_to_change_the_record(statement: str) -> None:
    actions.record(subject="test.thing:1", verb="touch", by=SYSTEM, personal={"name": "张三"})
    actions.sequence()
    with pytest.raises(DatabaseError, match="ledger:"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_waiting_entry_may_receive_its_place_and_nothing_else() -> None:
    write(1)
    with pytest.raises(DatabaseError, match="ledger:"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_entry SET seq = 0, leaf = decode('00', 'hex'), verb = 'other'")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE ledger_entry SET fields = '{\"n\": 99}' WHERE seq = 2", "第 2 号记录"),
        ("UPDATE ledger_entry SET by = 'account:1' WHERE seq = 4", "第 4 号记录"),
        ("UPDATE ledger_entry SET leaf = decode(repeat('00', 32), 'hex') WHERE seq = 1", "第 1 号记录"),
        ("DELETE FROM ledger_entry WHERE seq = 3", "第 3 号位置缺失"),
        ("DELETE FROM ledger_entry WHERE seq = 6", "存证的树有 7 条，实有 6 条"),
        ("UPDATE ledger_head SET root = decode(repeat('00', 32), 'hex')", "大小为 7 的树根与存证不符"),
    ],
)
def test_tampering_by_the_owner_of_the_tables_is_found_and_named(statement: str, said: str) -> None:
    write(7)
    actions.sequence()
    assert queries.verify("county").broken == ()
    tamper(statement)
    assert any(said in sentence for sentence in queries.verify("county").broken)


def test_a_clever_forger_who_fixes_the_leaf_too_is_caught_by_the_root() -> None:
    write(7)
    actions.sequence()
    tamper("UPDATE ledger_entry SET verb = 'forged' WHERE seq = 2")
    leaf = rules.leaf_hash(rules.leaf_of(Entry.objects.get(seq=2))).hex()
    tamper(f"UPDATE ledger_entry SET leaf = decode('{leaf}', 'hex') WHERE seq = 2")
    assert queries.verify("county").broken == ("大小为 7 的树根与存证不符",)


def test_erasing_a_persons_salts_leaves_the_tree_whole() -> None:
    eraser = Actor(None, "account", "clerk", (Scope("clerk", "430181", "", frozenset({"people.erase"})),))
    actions.record(subject="people.person:5", verb="register", by=SYSTEM, personal={"name": "张三"})
    actions.sequence()
    salt = bytes(Salt.objects.get().salt)
    assert Entry.objects.get(verb="register").fields["name"] == "sha256:" + rules.salted("张三", salt)
    assert actions.erase(by=eraser, subject="people.person:5") == 1
    actions.sequence()
    assert not Salt.objects.exists()
    assert queries.verify("county").broken == ()


def test_a_stranger_may_not_erase(stranger: Actor) -> None:
    with pytest.raises(Refused) as refused:
        actions.erase(by=stranger, subject="people.person:5")
    assert refused.value.status == 403


def test_a_value_a_leaf_cannot_carry_is_refused_at_once() -> None:
    with pytest.raises(TypeError):
        actions.record(subject="test.thing:1", verb="touch", by=SYSTEM, fields={"n": 1.5})  # type: ignore[dict-item]


@pytest.mark.django_db(transaction=True)
def test_two_writers_and_the_sequencer_do_not_wait_for_each_other() -> None:
    done: list[str] = []

    def other() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        actions.record(subject="test.thing:2", verb="touch", by=SYSTEM)
        actions.sequence()
        done.append("written")
        connections["default"].close()

    with transaction.atomic():
        actions.record(subject="test.thing:1", verb="touch", by=SYSTEM)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert done == ["written"]  # while this transaction is still open
    actions.sequence()
    assert dict(Entry.objects.values_list("subject", "seq")) == {"test.thing:2": 0, "test.thing:1": 1}
    assert queries.verify("county").broken == ()


@pytest.mark.django_db(transaction=True)
def test_only_one_sequencer_works_at_a_time() -> None:
    write(1)
    result: list[int] = []

    def other() -> None:
        result.append(actions.sequence())
        connections["default"].close()

    with transaction.atomic():
        assert actions.sequence() == 1
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert result == [0]
    assert Node.objects.count() == 1


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("ledger", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_in_plain_words_whether_the_record_is_whole() -> None:
    assert run("verify") == (0, "还没有存证记录。\n")
    write(5)
    actions.sequence()
    head = Head.objects.latest("size")
    code, said = run("verify")
    assert code == 0 and "county：5 条，完好" in said
    code, said = run("prove", str(Entry.objects.get(seq=3).pk))
    assert code == 0 and "包含证明成立" in said
    write(4)
    actions.sequence()
    root = bytes(head.root).hex()
    assert run("consistency", "5", root)[0] == 0
    code, said = run("consistency", "5", "00" * 32)
    assert code == 1 and "不一致" in said
    tamper("UPDATE ledger_entry SET verb = 'forged' WHERE seq = 2")
    code, said = run("verify")
    assert code == 1 and "第 2 号记录" in said
    assert run("prove", str(Entry.objects.get(seq=2).pk))[0] == 1
