"""Which small class does a message belong to? Serving side: numpy arrays and a vocabulary, no pickle.

A message becomes character 1-2-grams of the whole text plus 1-3-grams of its opening (residents put the matter
first), each block as sublinear TF-IDF of unit length. One matrix turns that into a margin per class; a
temperature and a bias per class, learned on out-of-fold margins, turn margins into probabilities. Training is in
`training.py`, so that serving never imports scikit-learn.
"""

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

HEAD = 40  # characters of the opening that count a second time
LONGEST = 4_000  # characters read: keeps the slowest message inside the time budget
HEAD_MARK = "\t"  # clean text never holds a tab, so opening grams cannot collide with body grams
FORMAT = 1
REASONS = 6  # pieces of the text named as reasons


@dataclass(frozen=True)
class Prediction:
    """`top`: up to three (label, probability), best first. `words`: pieces of the text that spoke for the first
    label, heaviest first. `sure`: the first probability reaches the model's threshold (98 % precision)."""

    top: tuple[tuple[str, float], ...]
    words: tuple[tuple[str, float], ...]
    sure: bool
    probabilities: Mapping[str, float] = field(repr=False)


@dataclass(frozen=True)
class Advice:
    """What the desk is shown: a small class set, only the large class kept, or two classes to choose from."""

    step: Literal["set", "large", "choose"]
    labels: tuple[str, ...]
    probability: float


def clean(text: str) -> str:
    """Letters and digits only, one width, lower case: punctuation, blanks, emoji and controls say nothing."""
    flat = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    return "".join(char for char in flat if char.isalnum())


def grams(text: str) -> tuple[Counter[str], Counter[str]]:
    """Counts of body 1-2-grams and of opening 1-3-grams (marked) of an already clean text."""
    body = Counter(text)
    body.update(map("".join, zip(text, text[1:], strict=False)))
    head = text[:HEAD]
    opening = Counter(HEAD_MARK + head[i : i + n] for n in (1, 2, 3) for i in range(len(head) - n + 1))
    return body, opening


def softmax(scores: np.ndarray) -> np.ndarray:
    """Rows of margins to rows of probabilities; each row sums to 1."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def choose_threshold(confidence: np.ndarray, correct: np.ndarray, precision: float = 0.98) -> float:
    """Smallest probability above which at least `precision` of the answers were right.

    `confidence`: shape (n,), out-of-fold probability of the first choice; `correct`: shape (n,), bool.
    Returns a number above 1 when no threshold is good enough, so that such a model is never sure.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked, right = confidence[order], np.cumsum(correct[order])
    share = right / np.arange(1, len(order) + 1)
    last_of_its_value = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, bool)
    good = np.flatnonzero((share >= precision) & last_of_its_value)
    return float(ranked[good[-1]]) if len(good) else 1.01


def roll_up(probabilities: Mapping[str, float], group_of: Mapping[str, str]) -> dict[str, float]:
    """Sums small-class probabilities into groups (large class, domain), best first; a label without a group
    stands for itself."""
    sums: dict[str, float] = {}
    for label, share in probabilities.items():
        group = group_of.get(label, label)
        sums[group] = sums.get(group, 0.0) + share
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def advise(
    probabilities: Mapping[str, float], large_of: Mapping[str, str], *, small: float, large: float
) -> Advice:
    """The abstention ladder: small class sure, so set it; else large class sure, so keep that; else two choices.

    `small`, `large`: least probability for either, from `choose_threshold`.
    """
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    label, share = ranked[0]
    if share >= small:
        return Advice("set", (label,), share)
    group, total = next(iter(roll_up(probabilities, large_of).items()))
    if total >= large:
        return Advice("large", (group,), total)
    return Advice("choose", tuple(name for name, _ in ranked[:2]), share)


@dataclass(frozen=True)
class Model:
    """A trained classifier. `weights`: float32 (features, labels); `idf`: float32 (features,); `intercept`,
    `bias`: float32 (labels,). `thresholds`: least probability to be sure, by level: "small" and, when large
    classes were given at training, "large". `facts`: how it was trained (examples, seed, out-of-fold figures)."""

    labels: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    bias: np.ndarray
    temperature: float
    thresholds: Mapping[str, float]
    facts: Mapping[str, object] = field(default_factory=dict)

    def features(self, text: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Feature numbers, their TF-IDF values (each block of unit length) and their grams."""
        rows: list[int] = []
        values: list[float] = []
        found: list[str] = []
        for block in grams(clean(text)):
            known = [
                (gram, row, n) for gram, n in block.items() if (row := self.vocabulary.get(gram)) is not None
            ]
            idf = self.idf[[row for _, row, _ in known]].tolist()
            raw = [(1 + math.log(n)) * weight for (_, _, n), weight in zip(known, idf, strict=True)]
            norm = math.sqrt(sum(value * value for value in raw)) or 1.0
            found += [gram for gram, _, _ in known]
            rows += [row for _, row, _ in known]
            values += [value / norm for value in raw]
        return np.array(rows, dtype=np.int64), np.array(values, dtype=np.float32), found

    def predict(self, text: str) -> Prediction:
        """Never raises, whatever the text; an empty text gives the probabilities of the bias alone."""
        rows, values, found = self.features(text)
        spoken = self.weights[rows] * values[:, None]
        margins = spoken.sum(axis=0, dtype=np.float64) + self.intercept
        shares = softmax(margins * self.temperature + self.bias)
        order = np.argsort(-shares, kind="stable")
        top = tuple((self.labels[i], float(shares[i])) for i in order[:3])
        return Prediction(
            top=top,
            words=_words(text, found, spoken[:, order[0]] - spoken.mean(axis=1)),
            sure=bool(len(rows)) and top[0][1] >= self.thresholds["small"],
            probabilities=dict(zip(self.labels, shares.tolist(), strict=True)),
        )

    def save(self, path: str | Path) -> None:
        """One .npz of plain arrays (float16 weights); the texts in it are JSON, so loading runs no code."""
        words = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        head = {
            "format": FORMAT,
            "labels": self.labels,
            "temperature": self.temperature,
            "thresholds": dict(self.thresholds),
            "facts": dict(self.facts),
        }
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                head=_bytes(json.dumps(head, ensure_ascii=False)),
                words=_bytes("\n".join(words)),
                idf=self.idf.astype(np.float32),
                weights=self.weights.astype(np.float16),
                intercept=self.intercept.astype(np.float32),
                bias=self.bias.astype(np.float32),
            )

    @classmethod
    def load(cls, path: str | Path) -> "Model":
        """Raises ValueError for a file of another format or with shapes that do not fit together."""
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes().decode())
            words = file["words"].tobytes().decode().split("\n")
            arrays = {name: file[name].astype(np.float32) for name in ("idf", "weights", "intercept", "bias")}
        if head.get("format") != FORMAT or arrays["weights"].shape != (len(words), len(head["labels"])):
            raise ValueError(f"分类模型文件格式不符：{Path(path).name}，请重新训练")
        return cls(
            labels=tuple(head["labels"]),
            vocabulary={word: row for row, word in enumerate(words)},
            temperature=head["temperature"],
            thresholds=head["thresholds"],
            facts=head["facts"],
            **arrays,
        )


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _words(text: str, found: Sequence[str], weight: np.ndarray) -> tuple[tuple[str, float], ...]:
    """The heaviest grams that stand in the text as written; a piece of one already named is not named again."""
    written = text[:LONGEST].lower()
    sums: dict[str, float] = {}
    for at in np.argsort(-weight, kind="stable")[: 20 * REASONS].tolist():
        word = found[at].removeprefix(HEAD_MARK)
        sums[word] = sums.get(word, 0.0) + float(weight[at])
    chosen: list[tuple[str, float]] = []
    # Two characters say more to a reader than one, so a single character must weigh clearly more.
    for word, value in sorted(sums.items(), key=lambda item: -item[1] * (1.0 if len(item[0]) > 1 else 0.6)):
        if value <= 0 or len(chosen) == REASONS:
            break
        if word in written and not any(word in other or other in word for other, _ in chosen):
            chosen.append((word, value))
    return tuple(sorted(chosen, key=lambda item: -item[1]))
