"""The message classifier: training, probabilities, reasons, abstention, the saved file, the evaluation."""

import argparse
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from linli.incidents import evaluate_routing
from linli.incidents.classifier import LONGEST, Model, advise, choose_threshold, clean, roll_up, softmax
from linli.incidents.training import (
    STARTER,
    Recipe,
    calibrate,
    class_records,
    large_classes,
    starter_cues,
    starter_examples,
    train,
    train_starter,
)

FEW = ("fac.manhole", "trf.courier", "env.noise", "saf.dog")


def few_examples():
    pairs = [(text, code) for text, code in zip(*starter_examples(), strict=True) if code in FEW]
    return [text for text, _ in pairs], [code for _, code in pairs]


def train_few(seed=0):
    texts, labels = few_examples()
    larges = {code: large_classes()[code] for code in FEW}
    return train(texts, labels, seed, groups={"large": larges}, recipe=STARTER)


@pytest.fixture(scope="module")
def small():
    return train_few()


@pytest.fixture(scope="module")
def starter():
    return train_starter()


# --- training


def test_training_twice_gives_the_same_model(small):
    again = train_few()

    assert again.vocabulary == small.vocabulary
    assert np.array_equal(again.weights, small.weights)
    assert np.array_equal(again.bias, small.bias)
    assert (again.temperature, again.thresholds) == (small.temperature, small.thresholds)


def test_a_class_with_one_text_is_refused():
    with pytest.raises(ValueError, match="每类至少两条"):
        train(["井盖坏了", "井盖没了", "快递丢了"], ["a", "a", "b"], 0)


def test_one_class_alone_is_refused():
    with pytest.raises(ValueError, match="两个类别"):
        train(["井盖坏了", "井盖没了"], ["a", "a"], 0)


def test_a_cue_of_an_unknown_class_is_refused_by_name():
    with pytest.raises(ValueError, match="sky"):
        train(
            ["井盖坏了", "井盖没了", "快递丢了", "快递破了"], ["a", "a", "b", "b"], 0, cues=(["云"], ["sky"])
        )


def test_cues_teach_a_word_no_example_holds():
    texts, labels = few_examples()
    word = "咣当咣当"
    plain = train(texts, labels, 0, recipe=STARTER)
    taught = train(texts, labels, 0, cues=([word] * 3, ["fac.manhole"] * 3), recipe=STARTER)

    assert (
        taught.predict(word).probabilities["fac.manhole"] > plain.predict(word).probabilities["fac.manhole"]
    )


def test_calibration_softens_boasting_margins():
    """Margins that are right three times in four must not end up as near-certainties."""
    y = np.tile([0, 1], 200)
    margins = np.zeros((400, 2))
    right = np.arange(400) % 4 != 3
    margins[np.arange(400), np.where(right, y, 1 - y)] = 20.0

    temperature, bias = calibrate(margins, y)
    shares = softmax(margins * temperature + bias)

    assert shares.max(axis=1).mean() == pytest.approx(0.75, abs=0.03)


# --- answers


def test_a_plain_report_finds_its_class(small):
    assert small.predict("路中间的井盖不见了").top[0][0] == "fac.manhole"
    assert small.predict("我的快递包裹丢了，快递员不赔").top[0][0] == "trf.courier"


def test_the_top_three_are_the_largest_probabilities_in_order(small):
    answer = small.predict("邻居家的狗半夜叫个不停")
    ranked = sorted(answer.probabilities.values(), reverse=True)

    assert [share for _, share in answer.top] == ranked[:3]


@pytest.mark.parametrize("text", few_examples()[0][::7])
def test_the_reasons_stand_in_the_text(small, text):
    answer = small.predict(text)

    assert answer.words
    assert all(word in text.lower() and weight > 0 for word, weight in answer.words)


def test_no_reason_is_a_piece_of_another(small):
    words = [word for word, _ in small.predict("小区里遛狗不拴绳，大狗追着小孩咬").words]

    assert not [(a, b) for a in words for b in words if a != b and a in b]


def test_punctuation_blanks_and_width_change_nothing(small):
    spaced = small.predict("井盖，ＡＢ 坏了！！\n")

    assert spaced.probabilities == small.predict("井盖ab坏了").probabilities


def test_an_empty_text_is_never_sure(small):
    always = Model(**{**vars(small), "thresholds": {"small": 0.0}})

    assert always.predict("井盖坏了").sure
    assert not always.predict("……！！😀").sure


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.text(alphabet="井盖快递狗😀👩‍👩‍👧\u202e\x00\ud800 \n,，①㎡ﬁ"),
        st.text(alphabet=[chr(code) for code in range(32)], min_size=1).map(lambda t: (t * 10_000)[:10_000]),
        st.just(""),
        st.just("井盖" * 50_000),
    )
)
def test_any_text_gets_probabilities_that_sum_to_one(small, text):
    answer = small.predict(text)

    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in answer.probabilities.values())
    assert len(answer.top) == 3


def test_only_the_first_part_of_an_endless_text_is_read(small):
    start = "井盖坏了" * (LONGEST // 4)

    assert small.predict(start + "快递" * 1000).probabilities == small.predict(start).probabilities


def test_clean_text_holds_no_mark_that_could_pass_for_an_opening():
    assert "\t" not in clean("井\t盖\t坏")


# --- thresholds, roll-ups, the ladder


def test_the_threshold_is_the_lowest_with_enough_right_answers():
    confidence = np.array([0.9, 0.8, 0.7, 0.6])

    assert choose_threshold(confidence, np.array([True, True, False, True]), 0.98) == 0.8
    assert choose_threshold(confidence, np.array([True, True, False, True]), 0.75) == 0.6


def test_equal_probabilities_are_never_cut_apart():
    assert choose_threshold(np.array([0.9, 0.9]), np.array([True, False]), 0.98) > 1


def test_a_model_that_is_never_right_is_never_sure():
    assert choose_threshold(np.array([0.9, 0.8]), np.array([False, False])) > 1
    assert choose_threshold(np.zeros(0), np.zeros(0, bool)) > 1


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.floats(0.5, 1))
def test_answers_above_the_threshold_keep_the_promise(scored, precision):
    confidence = np.array([share for share, _ in scored])
    correct = np.array([right for _, right in scored])
    above = confidence >= choose_threshold(confidence, correct, precision)

    assert not above.any() or correct[above].mean() >= precision


shares = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(
    lambda values: {code: value / sum(values) for code, value in zip(FEW, values, strict=True)}
)
LARGE = {"fac.manhole": "a", "trf.courier": "a", "env.noise": "b", "saf.dog": "b"}


@given(shares)
def test_a_roll_up_loses_nothing_and_puts_the_likeliest_first(probabilities):
    rolled = roll_up(probabilities, LARGE)

    assert sum(rolled.values()) == pytest.approx(1)
    assert list(rolled.values()) == sorted(rolled.values(), reverse=True)


@given(shares, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_threshold_never_decides_more(probabilities, one, two, large):
    decided = {"set": 2, "large": 1, "choose": 0}
    loose = advise(probabilities, LARGE, small=min(one, two), large=large)
    strict = advise(probabilities, LARGE, small=max(one, two), large=large)

    assert decided[strict.step] <= decided[loose.step]


def test_the_ladder_sets_then_keeps_the_large_class_then_offers_two():
    near = {"fac.manhole": 0.5, "trf.courier": 0.4, "env.noise": 0.06, "saf.dog": 0.04}

    assert advise(near, LARGE, small=0.5, large=0.9).labels == ("fac.manhole",)
    assert advise(near, LARGE, small=0.6, large=0.9).labels == ("a",)
    assert advise(near, LARGE, small=0.6, large=0.95).labels == ("fac.manhole", "trf.courier")


# --- the file


def test_a_loaded_model_answers_as_the_saved_one(small, tmp_path):
    small.save(tmp_path / "model.npz")
    loaded = Model.load(tmp_path / "model.npz")

    assert loaded.thresholds == small.thresholds
    for text in few_examples()[0][::5]:
        assert loaded.predict(text) == small.predict(text)


def test_a_file_whose_parts_do_not_fit_is_refused(small, tmp_path):
    Model(**{**vars(small), "labels": small.labels[:-1]}).save(tmp_path / "model.npz")

    with pytest.raises(ValueError, match="重新训练"):
        Model.load(tmp_path / "model.npz")


def test_a_file_that_would_run_code_is_refused(tmp_path):
    np.savez(tmp_path / "model.npz", head=np.array([object()], dtype=object), allow_pickle=True)

    with pytest.raises(ValueError, match="pickle"):
        Model.load(tmp_path / "model.npz")


# --- the starter


def test_the_starter_knows_every_class_and_fits_in_ten_megabytes(starter, tmp_path):
    starter.save(tmp_path / "starter.npz")

    assert set(starter.labels) == {record["code"] for record in class_records()}
    assert set(starter.thresholds) == {"small", "large", "domain"}
    assert (tmp_path / "starter.npz").stat().st_size < 10_000_000


def test_the_starter_files_examples_it_never_saw():
    texts, codes = starter_examples()
    seen, unseen, labels, truth = train_test_split(
        list(texts), list(codes), test_size=0.2, random_state=0, stratify=codes
    )
    recipe = Recipe(penalty=STARTER.penalty, soften=0.0, least=1, folds=2)
    model = train(seen, labels, 0, cues=starter_cues(), recipe=recipe)
    said = [model.predict(text).top[0][0] for text in unseen]

    assert f1_score(truth, said, average="macro") > 0.55


def test_corrections_of_the_staff_are_learnt():
    texts = [f"门口那台自动售货亭{word}" for word in ("吞钱", "坏了", "不出货", "漏电", "没人管", "被砸")]
    recipe = Recipe(penalty=STARTER.penalty, soften=0.0, least=1, folds=2)
    model = train_starter(0, (texts, ["mkt.consumer"] * len(texts)), recipe)

    assert model.predict("门口自动售货亭又不找钱").top[0][0] == "mkt.consumer"


# --- the evaluation


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "messages.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("label,tokens\n")
        for text, code in zip(*few_examples(), strict=True):
            file.write(f"{code},{' '.join(clean(text))}\n")
    return path


def test_a_split_reports_all_figures(labelled):
    found = evaluate_routing.run({"split": labelled})

    assert found["learnt_from"] + found["scored"] == len(few_examples()[0])
    assert found["accuracy"] > 0.5
    assert {
        "macro_f1",
        "coverage_at_98_precision",
        "precision_there",
        "ms_per_message",
        "train_seconds",
    } <= set(found)


def test_training_and_test_files_are_read_by_option_name(labelled):
    parser = argparse.ArgumentParser()
    evaluate_routing.add_arguments(parser)
    found = evaluate_routing.run(parser.parse_args(["--train", str(labelled), "--test", str(labelled)]))

    assert found["scored"] == found["learnt_from"]
    assert found["accuracy"] > 0.95


def test_the_starter_is_scored_by_domain(tmp_path, starter):
    texts = ["工地拖欠农民工工资", "养猪场粪水污染水源", "医生误诊把人治死了", "学校补课乱收费"]
    truth = ["劳动和社会保障", "环境保护", "卫生计生", "教育文体"]

    assert evaluate_routing.score_domains(starter, texts, truth)["accuracy"] == 1


def test_rows_of_a_topic_list_find_their_class(tmp_path):
    path = tmp_path / "topics.csv"
    path.write_text("level1,level2,level3\n环境保护,环境污染,噪音污染\n政法,诉讼,其他\n天外,来,客\n", "utf-8")

    assert evaluate_routing.class_for("环境保护", "环境污染", "噪音污染") == "env.noise"
    assert evaluate_routing.run({"hierarchy": path})["hierarchy"] == {
        "rows": 3,
        "found": 2,
        "missing": ["天外/来/客"],
    }


def test_every_mapped_topic_names_a_class_of_ours():
    codes = {record["code"] for record in class_records()}
    mapped = {code for family in evaluate_routing.FAMILIES.values() for code in family.values()}

    assert mapped | set(evaluate_routing.FINER.values()) <= codes


def test_missing_options_and_columns_are_named(tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("words\n井盖\n", "utf-8")

    with pytest.raises(ValueError, match="--train"):
        evaluate_routing.run({})
    with pytest.raises(ValueError, match="label"):
        evaluate_routing.run({"split": path})
