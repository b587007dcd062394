"""Training of the message classifier. Needs scikit-learn; serving (`classifier.py`) does not.

The recipe: TF-IDF grams scaled per class by their naive Bayes log-count ratio (Wang and Manning 2012, "Baselines
and Bigrams", ratio softened by a square root), a linear SVM per class, and complement naive Bayes (Rennie et al.
2003) mixed in. All are linear, so they fold into one matrix. Probabilities and the "sure" thresholds come from
out-of-fold margins only.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy import optimize, sparse
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from .classifier import Model, choose_threshold, clean, grams, softmax

DATA = Path(__file__).parent / "data"
BUNDLE = 4  # words of `cues.yaml` taught together as one short text
LARGEST = 4_500_000  # cells of the weight matrix: float16, so the file stays below 10 MB


@dataclass(frozen=True)
class Recipe:
    """`penalty`: SVM C. `soften`: power of the naive Bayes ratio. `bayes`: share of complement naive Bayes beside
    1 of SVM. `least`: documents a gram must occur in. `folds`: out-of-fold parts for calibration."""

    penalty: float = 1.0
    soften: float = 0.5
    bayes: float = 0.5
    least: int = 2
    folds: int = 5
    precision: float = 0.98


@cache
def class_records() -> tuple[Mapping[str, object], ...]:
    """The records of `data/classes.yaml`, in file order."""
    return tuple(yaml.load((DATA / "classes.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)["classes"])


@cache
def starter_examples() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and their small-class codes from `data/examples/*.yaml`, in file order."""
    pairs = [
        (str(text), code)
        for path in sorted((DATA / "examples").glob("*.yaml"))
        for code, texts in yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader).items()
        for text in texts
    ]
    return tuple(text for text, _ in pairs), tuple(code for _, code in pairs)


@cache
def starter_cues() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Short bundles of the words typical of a class, and their small-class codes, from `data/cues.yaml`."""
    bundles, codes = [], []
    for code, line in yaml.load((DATA / "cues.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader).items():
        words = line.split()
        parts = [" ".join(words[i : i + BUNDLE]) for i in range(0, len(words), BUNDLE)]
        bundles += parts
        codes += [code] * len(parts)
    return tuple(bundles), tuple(codes)


def large_classes() -> dict[str, str]:
    """Small-class code to large-class code."""
    return {str(record["code"]): str(record["large"]["code"]) for record in class_records()}


def domains() -> dict[str, str]:
    """Small-class code to domain name."""
    return {str(record["code"]): str(record["domain"]) for record in class_records()}


def train_starter(seed: int = 0, recipe: Recipe | None = None) -> Model:
    """The model an installation begins with: the project's own examples, no message of any resident."""
    texts, labels = starter_examples()
    return train(
        texts, labels, seed, groups=large_classes(), cues=starter_cues(), recipe=recipe or Recipe(least=1, soften=0, bayes=0)
    )


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    seed: int,
    *,
    groups: Mapping[str, str] | None = None,
    cues: tuple[Sequence[str], Sequence[str]] = ((), ()),
    recipe: Recipe | None = None,
) -> Model:
    """Trains, calibrates and sets the thresholds; the same input and seed give the same model.

    `groups`: label to large class, for the second rung of the ladder. Raises ValueError when there are fewer than
    two labels or a label has fewer than two texts (nothing to hold out).
    """
    recipe = recipe or Recipe()
    names, y = np.unique(np.asarray(labels), return_inverse=True)
    fewest = int(np.bincount(y).min()) if len(y) else 0
    if len(names) < 2 or fewest < 2:
        raise ValueError("训练至少需要两个类别，且每类至少两条样本；请补充样本后重试")
    documents = [grams(clean(text)) for text in texts]
    extra = [grams(clean(text)) for text in cues[0]]
    extra_y = np.searchsorted(names, np.asarray(cues[1])) if extra else np.zeros(0, int)
    svm, bayes = _out_of_fold(documents, y, extra, extra_y, len(names), seed, min(recipe.folds, fewest), recipe)
    mix = (1 / svm.std(), recipe.bayes / bayes.std())
    margins = svm * mix[0] + bayes * mix[1]
    temperature, bias = calibrate(margins, y)
    shares = softmax(margins * temperature + bias)
    vocabulary, idf, matrix = _matrix(documents + extra, recipe.least, LARGEST // len(names))
    whole = np.concatenate([y, extra_y])
    svm_weights, svm_intercept = _fit_svm(matrix, whole, len(names), recipe, seed)
    bayes_weights = _fit_bayes(matrix, whole)
    return Model(
        labels=tuple(str(name) for name in names),
        vocabulary=vocabulary,
        idf=idf,
        # Rounded as the file will hold them, so that a saved model answers exactly as the trained one.
        weights=(svm_weights * mix[0] + bayes_weights * mix[1]).astype(np.float16).astype(np.float32),
        intercept=(svm_intercept * mix[0]).astype(np.float32),
        bias=bias.astype(np.float32),
        temperature=temperature,
        thresholds=_thresholds(shares, y, names, groups, recipe.precision),
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

    found = optimize.minimize(loss, np.zeros(k + 1), jac=True, method="L-BFGS-B", bounds=[(-4, 6)] + [(-3, 3)] * k)
    return math.exp(found.x[0]), found.x[1:]


def _thresholds(
    shares: np.ndarray, y: np.ndarray, names: np.ndarray, groups: Mapping[str, str] | None, precision: float
) -> dict[str, float]:
    chosen = {"small": choose_threshold(shares.max(axis=1), shares.argmax(axis=1) == y, precision)}
    if groups:
        larges, group = np.unique([groups[str(name)] for name in names], return_inverse=True)
        rolled = shares @ np.eye(len(larges))[group]
        chosen["large"] = choose_threshold(rolled.max(axis=1), rolled.argmax(axis=1) == group[y], precision)
    return chosen


def _out_of_fold(
    documents: list[tuple[Counter[str], Counter[str]]], y: np.ndarray, extra, extra_y, k: int, seed: int, folds: int, recipe: Recipe
) -> tuple[np.ndarray, np.ndarray]:
    """Margins of every document by models that never saw it: SVM and naive Bayes, each (n, k), rows centred."""
    svm, bayes = np.zeros((len(y), k)), np.zeros((len(y), k))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for kept, held in parts.split(y, y):
        vocabulary, idf, matrix = _matrix([documents[i] for i in kept] + extra, recipe.least, LARGEST // k)
        taught = np.concatenate([y[kept], extra_y])
        unseen = _rows([documents[i] for i in held], vocabulary, idf)
        weights, intercept = _fit_svm(matrix, taught, k, recipe, seed)
        svm[held] = unseen @ weights + intercept
        bayes[held] = unseen @ _fit_bayes(matrix, taught)
    return svm - svm.mean(axis=1, keepdims=True), bayes - bayes.mean(axis=1, keepdims=True)


def _matrix(
    documents: list[tuple[Counter[str], Counter[str]]], least: int, most: int
) -> tuple[dict[str, int], np.ndarray, sparse.csr_matrix]:
    """Vocabulary (grams in at least `least` documents, the `most` frequent ones), idf, TF-IDF rows."""
    spread: Counter[str] = Counter()
    for body, opening in documents:
        spread.update(body.keys())
        spread.update(opening.keys())
    kept = sorted((gram for gram, n in spread.items() if n >= least), key=lambda gram: (-spread[gram], gram))[:most]
    vocabulary = {gram: row for row, gram in enumerate(kept)}
    idf = np.array([math.log((1 + len(documents)) / (1 + spread[g])) + 1 for g in kept], dtype=np.float32)
    return vocabulary, idf, _rows(documents, vocabulary, idf)


def _rows(
    documents: list[tuple[Counter[str], Counter[str]]], vocabulary: dict[str, int], idf: np.ndarray
) -> sparse.csr_matrix:
    columns: list[int] = []
    values: list[np.ndarray] = []
    ends = [0]
    for document in documents:
        for block in document:
            known = [(vocabulary[gram], count) for gram, count in block.items() if gram in vocabulary]
            where = np.array([row for row, _ in known], dtype=np.int64)
            raw = (1 + np.log(np.array([count for _, count in known], dtype=np.float64))) * idf[where]
            columns.extend(where.tolist())
            values.append(raw / (math.sqrt(float(raw @ raw)) or 1.0))
        ends.append(len(columns))
    return sparse.csr_matrix((np.concatenate(values), columns, ends), shape=(len(documents), len(vocabulary)))


def _fit_svm(
    matrix: sparse.csr_matrix, y: np.ndarray, k: int, recipe: Recipe, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """One SVM a class on grams scaled by how unevenly they fall on that class; the scale is folded back in."""
    seen = (matrix > 0).astype(np.float64)
    by_class = np.vstack([np.asarray(seen[y == c].sum(axis=0)) for c in range(k)])
    total = by_class.sum(axis=0)
    weights, intercept = np.zeros((matrix.shape[1], k)), np.zeros(k)
    for c in range(k):
        inside, outside = by_class[c] + 0.5, total - by_class[c] + 0.5
        ratio = np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())) ** recipe.soften
        scaled = matrix.multiply(ratio).tocsr()
        svm = LinearSVC(C=recipe.penalty, random_state=seed).fit(scaled, y == c)
        weights[:, c], intercept[c] = ratio * svm.coef_[0], svm.intercept_[0]
    return weights, intercept


def _fit_bayes(matrix: sparse.csr_matrix, y: np.ndarray) -> np.ndarray:
    return ComplementNB(alpha=0.1).fit(matrix, y).feature_log_prob_.T
