"""Scoring one entry at a time in plain Python: fast, and it says what it scored.

Calling scikit-learn on one row costs a hundred times more than the arithmetic, and takes a
text, a wrong case or a million sigmas without a word. Here a score comes with what is
missing, what is no number, and how far from the training data the entry lies.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UnsetType

from afterclose.errors import InputError
from afterclose.learning.card import Card
from afterclose.learning.curves import logistic
from afterclose.learning.explanation import Contribution, Explanation, Parts, Unit
from afterclose.learning.scorecard import Scorecard
from afterclose.trades.model_inputs import inputs_among

MAX_MISSING_SHARE: Final = 0.30
"""Above this share of missing features a score would mostly be the imputation's."""

_NUMBERS: Final[frozenset[Any]] = frozenset((float, int, bool))


_UNITS: Final[dict[str, Unit]] = {"logistic": "log-odds", "ridge": "R", "volatility": "atr_pct"}


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of one entry's features before their score is believed.

    ``risk_score`` is the probability of a bad trade, None when a feature is invalid or the
    sum is beyond any float. ``missing`` names features that are absent, null or not finite,
    ``needed_missing`` is whether the model has no answer without one of them, ``invalid``
    those that are not numbers. ``max_abs_z`` is the largest distance from a training mean, in
    training standard deviations, among the present features, and ``worst_feature`` the one it
    belongs to.
    """

    risk_score: float | None
    missing: tuple[str, ...]
    missing_share: float
    needed_missing: bool
    invalid: tuple[str, ...]
    max_abs_z: float
    worst_feature: str | None


class Scorer(ABC):
    """A model ready to score; read-only, so threads may share it.

    ``max_abs_z`` is how many training standard deviations from its mean a feature may lie
    for `clean_risk` to answer; it never changes a score. ``threshold`` is the risk score
    that the model was trained to be blocked above, ``threshold_mode`` how that was found, and
    ``tuned`` whether it was found for this model, by whichever mode, rather than set. Where a
    ``needed`` feature is missing there is a score, and no trust in it; ``inputs`` are the side
    and strategy among its features. ``unit`` is that of its parts.
    """

    unit: Unit = "log-odds"

    def __init__(self, card: Card, max_abs_z: float = math.inf) -> None:
        self.feature_names = card.feature_names
        self.threshold = card.threshold
        self.threshold_mode = card.threshold_mode
        self.needed = frozenset(card.needed)
        self.inputs = inputs_among(card.feature_names)
        self.tuned = card.threshold_mode != "fixed"
        self._ranges = tuple(zip(card.feature_names, card.train_mean, card.train_std, strict=True))
        self._bounds = tuple(
            (name, mean - max_abs_z * std, mean + max_abs_z * std)
            for name, mean, std in self._ranges
        )

    @abstractmethod
    def risk_of(self, values: Sequence[float]) -> float | None:
        """The score of values parallel to ``feature_names``, NaN where missing.

        None when it is beyond any float.
        """

    @abstractmethod
    def parts_of(self, values: Sequence[float]) -> Parts:
        """What the score of values as for `risk_of` is made of, taken apart."""

    def explain(self, features: Mapping[str, Any], risk: float) -> Explanation:
        """Why these features have that ``risk``; they must be ones that `risk_of` can score."""
        values = [_as_number(features.get(name)) for name in self.feature_names]
        numbers = [math.nan if value is None else value for value in values]
        parts = self.parts_of(numbers)
        found = [
            Contribution(name, None if math.isnan(value) else value, addend)
            for name, value, addend in zip(self.feature_names, numbers, parts.addends, strict=True)
        ]
        found.sort(key=lambda one: -abs(one.adds))
        return Explanation(
            reason="",
            model_id=None,
            base=parts.base,
            contributions=tuple(found),
            total=math.fsum((parts.base, *parts.addends)),
            unit=self.unit,
            risk_score=risk,
        )

    def clean_risk(self, features: Mapping[str, Any]) -> float | None:
        """The score when nothing speaks against ``features``, else None: ask `assess` why.

        All features are plain numbers within ``max_abs_z``: a comparison rejects NaN and
        infinities too, and the class check keeps out what merely behaves like a number.
        """
        try:
            values = [
                value
                for name, low, high in self._bounds
                if (value := features[name]).__class__ in _NUMBERS and low < value < high
            ]
        except (KeyError, OverflowError):  # absent, or a whole number beyond any float
            return None
        return self.risk_of(values) if len(values) == len(self._bounds) else None

    def predict_risk(self, features: Mapping[str, Any]) -> float:
        """Probability of a bad trade; missing features are imputed as in training.

        Raises InputError naming what cannot be scored.
        """
        risk = self.clean_risk(features)
        if risk is not None:
            return risk
        assessment = self.assess(features)
        if assessment.invalid:
            raise InputError(f"features must be numbers: {', '.join(assessment.invalid)}")
        if assessment.risk_score is None:
            raise InputError(f"feature {assessment.worst_feature} is too large to score")
        return assessment.risk_score

    def assess(self, features: Mapping[str, Any]) -> Assessment:
        """The score with everything that speaks against it; never raises.

        A name in the wrong case is missing; features the model does not know are ignored.
        """
        values, missing, invalid = [], [], []
        max_abs_z, worst_feature = 0.0, None
        for name, mean, std in self._ranges:
            value = _as_number(features.get(name))
            if value is None:
                invalid.append(name)
                continue
            values.append(value)
            if math.isnan(value):
                missing.append(name)
            elif (abs_z := abs(value - mean) / std) > max_abs_z:
                max_abs_z, worst_feature = abs_z, name
        return Assessment(
            risk_score=None if invalid else self.risk_of(values),
            missing=tuple(missing),
            missing_share=len(missing) / len(self._ranges),
            needed_missing=not self.needed.isdisjoint(missing),
            invalid=tuple(invalid),
            max_abs_z=max_abs_z,
            worst_feature=worst_feature,
        )


class LinearScorer(Scorer):
    """Scores by a `Scorecard`."""

    def __init__(self, card: Scorecard, max_abs_z: float = math.inf) -> None:
        super().__init__(card, max_abs_z)
        self.unit = _UNITS[card.kind]
        self._log_odds_at_mean = card.log_odds_at_mean
        self._curve = logistic if isinstance(card.curve, UnsetType) else card.curve.risk
        self._terms = tuple(zip(card.weights, card.train_mean, card.imputation_values, strict=True))
        self._columns = tuple(
            (name, weight, mean, low, high)
            for (name, low, high), weight, mean in zip(
                self._bounds, card.weights, card.train_mean, strict=True
            )
        )

    def clean_risk(self, features: Mapping[str, Any]) -> float | None:
        """As any scorer's, but guard and sum in one pass: about a microsecond."""
        try:
            terms = [
                weight * (value - mean)
                for name, weight, mean, low, high in self._columns
                if (value := features[name]).__class__ in _NUMBERS and low < value < high
            ]
        except (KeyError, OverflowError):
            return None
        if len(terms) < len(self._columns):
            return None
        terms.append(self._log_odds_at_mean)
        return self._probability(terms)

    def risk_of(self, values: Sequence[float]) -> float | None:
        """The score of values parallel to ``feature_names``, NaN where missing."""
        return self._probability([*self._addends(values), self._log_odds_at_mean])

    def parts_of(self, values: Sequence[float]) -> Parts:
        """What the score of values as for `risk_of` is made of, taken apart."""
        return Parts(self._log_odds_at_mean, tuple(self._addends(values)))

    def curve(self, log_odds: float) -> float:
        """The risk score at these log-odds."""
        return self._curve(log_odds)

    def _addends(self, values: Sequence[float]) -> list[float]:
        return [
            weight * ((imputed if math.isnan(value) else value) - mean)
            for value, (weight, mean, imputed) in zip(values, self._terms, strict=True)
        ]

    def _probability(self, terms: Sequence[float]) -> float | None:
        try:
            log_odds = math.fsum(terms)
        except (OverflowError, ValueError):
            return None
        return None if math.isnan(log_odds) else self._curve(log_odds)


def _as_number(value: Any) -> float | None:
    """``value`` as a float, NaN when it is missing or not finite, None when no number.

    NumPy's scalars and Decimal are numbers too; text is not, even where it spells one.
    """
    if value is None:
        return math.nan
    if value.__class__ not in _NUMBERS and not hasattr(value, "__float__"):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond any float
        return math.nan
    except (TypeError, ValueError):  # an array
        return None
    return number if math.isfinite(number) else math.nan
