"""Training of the message classifier. Needs scikit-learn; serving (`classifier.py`) does not.

The recipe: TF-IDF grams, scaled per class by their naive Bayes log-count ratio (Wang and Manning 2012, "Baselines
and Bigrams", the ratio softened by a power), then one linear SVM a class. The scale folds into one matrix.
Probabilities and the "sure" thresholds come from out-of-fold margins only.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy import optimize, sparse
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from linli.incidents.classifier import Model, choose_threshold, clean, grams, softmax

DATA = Path(__file__).parent / "data"
BUNDLE = 2  # words of `cues.yaml` taught together as one short text
MANY = 500  # corrections from which class ratios of grams are signal rather than noise
LARGEST = 4_500_000  # cells of the weight matrix: float16, so the file stays below 10 MB
Document = tuple[Counter[str], ...]


@dataclass(frozen=True)
class Recipe:
    """`penalty`: C of the SVM. `soften`: power of the naive Bayes ratio, 0 turns it off. `least`: documents a gram
    must occur in. `folds`: out-of-fold parts for calibration. `precision`: what "sure" promises."""

    penalty: float = 2.0
    soften: float = 0.5
    least: int = 2
    folds: int = 5
    precision: float = 0.98


# Few and short texts: every gram counts, and class ratios of twenty texts are noise.
STARTER = Recipe(penalty=1.0, soften=0.0, least=1)


@cache
def class_records() -> tuple[Mapping[str, Any], ...]:
    """The records of `data/classes.yaml`, in file order."""
    return tuple(_read("classes.yaml")["classes"])


@cache
def starter_examples() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and their small-class codes from `data/examples/*.yaml`, in file order."""
    pairs = [
        (text, code)
        for path in sorted((DATA / "examples").glob("*.yaml"))
        for code, texts in _read(f"examples/{path.name}").items()
        for text in texts
    ]
    return tuple(text for text, _ in pairs), tuple(code for _, code in pairs)


@cache
def starter_cues() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Small bundles of the words typical of a class, and their codes, from `data/cues.yaml`."""
    bundles: list[str] = []
    codes: list[str] = []
    for code, line in _read("cues.yaml").items():
        words = line.split()
        parts = [" ".join(words[i : i + BUNDLE]) for i in range(0, len(words), BUNDLE)]
        bundles += parts
        codes += [code] * len(parts)
    return tuple(bundles), tuple(codes)


def large_classes() -> dict[str, str]:
    """Small-class code to large-class code."""
    return {record["code"]: record["large"]["code"] for record in class_records()}


def domains() -> dict[str, str]:
    """Small-class code to domain name."""
    return {record["code"]: record["domain"] for record in class_records()}


def train_starter(
    seed: int = 0,
    corrections: tuple[Sequence[str], Sequence[str]] = ((), ()),
    recipe: Recipe | None = None,
    own: Mapping[str, tuple[str, str]] | None = None,
) -> Model:
    """The model an installation begins with: the project's own examples and no resident's message, plus the
    staff's corrections (texts, small-class codes) as they come in; with `MANY` of them the full recipe pays. `own`: the
    county's classes, small-class code to (large class, domain); it beats what the starter says of a class."""
    texts, codes = starter_examples()
    county = own or {}
    groups = {
        "large": large_classes() | {code: large for code, (large, _) in county.items()},
        "domain": domains() | {code: domain for code, (_, domain) in county.items()},
    }
    return train(
        [*texts, *corrections[0]],
        [*codes, *corrections[1]],
        seed,
        groups=groups,
        cues=starter_cues(),
        recipe=recipe or (STARTER if len(corrections[0]) < MANY else Recipe()),
    )


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    seed: int,
    *,
    groups: Mapping[str, Mapping[str, str]] | None = None,
    cues: tuple[Sequence[str], Sequence[str]] = ((), ()),
    recipe: Recipe | None = None,
) -> Model:
    """Trains, calibrates and sets the thresholds; the same input and seed give the same model.

    `groups`: level ("large", "domain") to a map from label to group, for the upper rungs of the ladder. `cues`:
    texts and labels taught but never scored. Raises ValueError when there are fewer than two labels, a label has
    fewer than two texts (nothing to hold out) or a cue has an unknown label.
    """
    recipe = recipe or Recipe()
    names, y = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    if len(names) < 2 or np.bincount(y).min() < 2:
        raise ValueError("训练至少需要两个类别，且每类至少两条样本；请补充样本后重试")
    if unknown := set(cues[1]) - set(names.tolist()):
        raise ValueError(f"常用词的类别没有样本：{'、'.join(sorted(unknown))}")
    documents = [grams(clean(text)) for text in texts]
    extra = [grams(clean(text)) for text in cues[0]]
    extra_y = np.searchsorted(names, np.asarray(cues[1], dtype=names.dtype))
    margins = _out_of_fold(documents, y, extra, extra_y, seed, recipe)
    temperature, bias = calibrate(margins, y)
    shares = softmax(margins * temperature + bias)
    vocabulary, idf, matrix = _matrix(documents + extra, recipe.least, LARGEST // len(names))
    weights, intercept = _fit(matrix, np.concatenate([y, extra_y]), len(names), recipe, seed)
    return Model(
        labels=tuple(names.tolist()),
        vocabulary=vocabulary,
        idf=idf,
        # Rounded as the file will hold them, so that a saved model answers exactly as the trained one.
        weights=weights.astype(np.float16).astype(np.float32),
        intercept=intercept.astype(np.float32),
        bias=bias.astype(np.float32),
        temperature=temperature,
        thresholds=_thresholds(shares, y, names, groups or {}, recipe.precision),
        facts={"examples": len(y), "seed": seed, "held_out_accuracy": float((shares.argmax(1) == y).mean())},
    )


def calibrate(margins: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Temperature and class biases that make softmax(margins * temperature + bias) most likely; biases are held
    near 0 so that a class with few examples does not swing. `margins`: (n, labels); `y`: (n,) label numbers."""
    n, k = margins.shape
    hot = np.eye(k)[y]

    def loss(params: np.ndarray) -> tuple[float, np.ndarray]:
        scale, bias = math.exp(params[0]), params[1:]
        shares = softmax(margins * scale + bias)
        miss = shares - hot
        value = -np.log(np.maximum(shares[np.arange(n), y], 1e-12)).sum() + 2.0 * (bias**2).sum()
        slope = np.append((miss * margins).sum() * scale, miss.sum(axis=0) + 4.0 * bias)
        return value / n, slope / n

    bounds = [(-4, 6)] + [(-3, 3)] * k
    found = optimize.minimize(loss, np.zeros(k + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return math.exp(found.x[0]), found.x[1:]


def _read(name: str) -> Any:
    return yaml.load((DATA / name).read_text("utf-8"), Loader=yaml.CSafeLoader)


def _thresholds(
    shares: np.ndarray,
    y: np.ndarray,
    names: np.ndarray,
    groups: Mapping[str, Mapping[str, str]],
    precision: float,
) -> dict[str, float]:
    chosen = {"small": choose_threshold(shares.max(axis=1), shares.argmax(axis=1) == y, precision)}
    for level, group_of in groups.items():
        members, group = np.unique([group_of[name] for name in names.tolist()], return_inverse=True)
        rolled = shares @ np.eye(len(members))[group]
        right = rolled.argmax(axis=1) == group[y]
        chosen[level] = choose_threshold(rolled.max(axis=1), right, precision)
    return chosen


def _out_of_fold(
    documents: list[Document],
    y: np.ndarray,
    extra: list[Document],
    extra_y: np.ndarray,
    seed: int,
    recipe: Recipe,
) -> np.ndarray:
    """Margins (n, labels) of every document by a model that never saw it."""
    k = int(y.max()) + 1
    margins = np.zeros((len(y), k))
    parts = StratifiedKFold(min(recipe.folds, int(np.bincount(y).min())), shuffle=True, random_state=seed)
    for kept, held in parts.split(y, y):
        vocabulary, idf, matrix = _matrix([documents[i] for i in kept] + extra, recipe.least, LARGEST // k)
        weights, intercept = _fit(matrix, np.concatenate([y[kept], extra_y]), k, recipe, seed)
        margins[held] = _rows([documents[i] for i in held], vocabulary, idf) @ weights + intercept
    return margins


def _matrix(
    documents: list[Document], least: int, most: int
) -> tuple[dict[str, int], np.ndarray, sparse.csr_matrix]:
    """Vocabulary (grams in at least `least` documents, the `most` frequent ones), idf, TF-IDF rows."""
    spread: Counter[str] = Counter()
    for document in documents:
        for block in document:
            spread.update(block.keys())
    often = sorted((gram for gram, n in spread.items() if n >= least), key=lambda gram: (-spread[gram], gram))
    vocabulary = {gram: row for row, gram in enumerate(often[:most])}
    idf = [math.log((1 + len(documents)) / (1 + spread[gram])) + 1 for gram in vocabulary]
    return vocabulary, np.array(idf, dtype=np.float32), _rows(documents, vocabulary, np.array(idf))


def _rows(documents: list[Document], vocabulary: dict[str, int], idf: np.ndarray) -> sparse.csr_matrix:
    """TF-IDF rows, each block of a document of unit length, as `Model.features` makes them."""
    columns: list[int] = []
    values: list[np.ndarray] = [np.zeros(0)]
    ends = [0]
    for document in documents:
        for block in document:
            known = [(vocabulary[gram], count) for gram, count in block.items() if gram in vocabulary]
            where = [row for row, _ in known]
            raw = (1 + np.log(np.array([count for _, count in known], dtype=float))) * idf[where]
            columns.extend(where)
            values.append(raw / (math.sqrt(float(raw @ raw)) or 1.0))
        ends.append(len(columns))
    return sparse.csr_matrix((np.concatenate(values), columns, ends), shape=(len(documents), len(vocabulary)))


def _fit(
    matrix: sparse.csr_matrix, y: np.ndarray, k: int, recipe: Recipe, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """One SVM a class on grams scaled by how unevenly they fall on that class; the scale is folded back in."""
    seen = (matrix > 0).astype(float)
    by_class = np.vstack([np.asarray(seen[y == c].sum(axis=0)) for c in range(k)])
    total = by_class.sum(axis=0)
    weights, intercept = np.zeros((matrix.shape[1], k)), np.zeros(k)
    for c in range(k):
        inside, outside = by_class[c] + 0.5, total - by_class[c] + 0.5
        ratio = np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())) ** recipe.soften
        scaled = matrix @ sparse.diags(ratio) if recipe.soften else matrix
        svm = LinearSVC(C=recipe.penalty, random_state=seed).fit(scaled, y == c)
        weights[:, c], intercept[c] = ratio * svm.coef_[0], svm.intercept_[0]
    return weights, intercept
