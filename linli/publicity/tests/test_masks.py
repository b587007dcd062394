"""No value that is not whitelisted, and no masked one in full, ever leaves the masks."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.publicity.masks import Field, check_fields, masked_rows

NAME = Field("name", "户主", "name")


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        ("name", "张三", "张*"),
        ("name", "张三丰", "张*"),
        ("name", "欧阳望北", "欧阳*"),
        ("name", "张", "张*"),
        ("name", " 李 ", "李*"),
        ("name", "", ""),
        ("name", None, ""),
        ("number", "430181198005121234", "4301****1234"),
        ("number", "１２３４５６７８９０１２", "1234****9012"),
        ("number", "1234", "****"),
        ("phone", "13800001234", "138****1234"),
        ("address", "人民路 12 号 3 栋 502 室", "人民路***"),
        ("address", "城西社区第三组 5 号", "城西社区第***"),
        ("address", "老樟树对面十二号", "老樟树对面***"),
        ("address", "荷塘边", "荷塘边***"),
        ("money", 120_050, "1,200.50 元"),
        ("money", 5, "0.05 元"),
        ("count", 3, "3"),
        ("count", 0, "0"),
        ("day", date(2026, 2, 13), "2026年2月13日 周五"),
        ("text", "主要靠务农", "主要靠务农"),
        ("text", "电话 138 0000 1234 联系", "电话 **** 联系"),
        ("text", "卡号６２２２０２１２３４５６７８９０", "卡号****"),
        ("text", "身份证 43018119800512123X", "身份证 ****"),
        ("text", "共 12345 元", "共 12345 元"),
        ("text", "卡号①②③④⑤⑥⑦⑧，家贫", "卡号****，家贫"),
        ("text", "一行\x00\n两行", "一行 两行"),
        ("name", "张\u200b三", "张*"),
    ],
)
def test_each_mask_hides_what_it_should(mask: str, value: Any, shown: str) -> None:
    assert masked_rows([Field("x", "项", mask)], [{"x": value}]) == [{"x": shown}]


def test_a_key_outside_the_whitelist_is_dropped_and_scrubbed_from_free_words() -> None:
    fields = [NAME, Field("why", "情况", "text")]
    row = {"name": "欧阳望北", "why": "欧阳望北患尿毒症", "illness": "尿毒症", "phone": "13800001234"}
    assert masked_rows(fields, [row]) == [{"name": "欧阳*", "why": "欧阳*患＊＊"}]


def test_a_name_of_one_row_does_not_stand_in_the_words_of_another() -> None:
    fields = [NAME, Field("why", "情况", "text")]
    rows = [{"name": "张三丰", "why": "独居"}, {"name": "李四光", "why": "与张三丰同住"}]
    assert masked_rows(fields, rows)[1]["why"] == "与张*同住"


def test_a_name_split_by_invisible_characters_is_still_found() -> None:
    fields = [NAME, Field("why", "情况", "text")]
    assert masked_rows(fields, [{"name": "张三丰", "why": "张\u200b三\u2060丰独居"}])[0]["why"] == "张*独居"


def test_a_choice_takes_only_its_options_and_says_nothing_of_the_rest() -> None:
    field = Field("kind", "类别", "choice", ("低保", "特困"))
    assert masked_rows([field], [{"kind": "低保"}]) == [{"kind": "低保"}]
    with pytest.raises(Refused) as refused:
        masked_rows([field], [{"kind": "尿毒症患者"}])
    assert "尿毒症" not in json.dumps([refused.value.message, refused.value.fields], ensure_ascii=False)


@pytest.mark.parametrize(
    ("mask", "value"),
    [("money", 12.5), ("money", -1), ("money", "12"), ("count", True), ("day", "2026-02-13"), ("text", "字" * 201)],
)  # fmt: skip
def test_a_wrong_shape_is_refused_with_its_row_and_label(mask: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        masked_rows([Field("x", "金额", mask)], [{"x": None}, {"x": value}])
    assert refused.value.fields["x"][0].startswith("第 2 行的金额：")


@pytest.mark.parametrize("rows", [[], [{}] * 5001])
def test_a_list_has_one_to_five_thousand_rows(rows: list[dict]) -> None:
    with pytest.raises(Refused, match="1 至 5000 行"):
        masked_rows([NAME], rows)


@pytest.mark.parametrize(
    "fields",
    [[], [NAME, NAME], [Field("x", "项", "plain")], [Field("x", "项", "choice")], [Field("x", "项", "text", ("一",))]],
)  # fmt: skip
def test_a_whitelist_that_cannot_be_is_a_fault_of_the_room(fields: list[Field]) -> None:
    with pytest.raises(ValueError, match="whitelist|field"):
        check_fields(fields)


HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x6FFF), min_size=3, max_size=8)
SEALING = st.sampled_from(["name", "number", "phone", "address"])


@settings(max_examples=150, deadline=None)
@given(
    secrets=st.lists(HAN, min_size=3, max_size=6, unique=True),
    masks=st.lists(SEALING, min_size=1, max_size=3),
    digits=st.from_regex(r"[0-9]{11,18}", fullmatch=True),
)
def test_whatever_is_given_no_secret_comes_out(secrets: list[str], masks: list[str], digits: str) -> None:
    """Secrets under sealed masks, under unknown keys, and all of them once more inside a free text."""
    fields = [Field(f"f{at}", "项", mask) for at, mask in enumerate(masks)] + [Field("free", "情况", "text")]
    row: dict[str, Any] = {f"f{at}": secrets[at % len(secrets)] for at in range(len(masks))}
    row |= {f"unknown{at}": secret for at, secret in enumerate(secrets)}
    row["free"] = "，".join(secrets[:4]) + digits
    shown = masked_rows(fields, [row])
    out = json.dumps(shown, ensure_ascii=False)
    assert set(shown[0]) == {one.key for one in fields}
    plain_addresses = {row[one.key] for one in fields if one.mask == "address"}
    for secret in (
        set(secrets) - plain_addresses
    ):  # a place name without a house number is what an address may show
        assert secret not in out
    assert digits not in out
