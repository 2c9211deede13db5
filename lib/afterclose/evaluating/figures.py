"""An evaluation as one typed value: written once, decoded once, and taken whole.

What `evaluation.json` holds is declared here and nowhere else, so that gates, pages and text
ask for fields that a type checker knows, and not for strings that a page a year old may lack.
Figures that only one part needs are declared beside what computes them.

To change the format, raise VERSION and let `afterclose.gating.stored` read the old number:
evaluations are never written again, and stay for as long as their model does.
"""

import math
from typing import Any, Final, Literal

import msgspec

from afterclose.evaluating.account import Account, TakenAway
from afterclose.evaluating.comparison import ActiveComparison, Comparison
from afterclose.evaluating.evidence import Evidence
from afterclose.evaluating.importance import Importance
from afterclose.evaluating.leaks import Knowledge
from afterclose.evaluating.money_record import MoneyRecord
from afterclose.evaluating.options import EvaluationOptions
from afterclose.evaluating.track_record import TrackRecord
from afterclose.learning.blocking import Blocking, Mode, blocking_judged
from afterclose.measures.classification import Leak
from afterclose.settings import Settings

VERSION: Final = 2
"""Of `evaluation.json`: 2 brought money (the account), joint leaks and sizes."""

OLDEST: Final = 1

NEWEST_WINDOWS: Final = 2
"""Walk-forward windows that count as recent: a quarter of what is tested."""

PartName = Literal["walk_forward", "held_out"]
"""The two ways of testing that every evaluation has."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One step: how many trades trained and tested, and how the score did on the tested ones.

    ``untrained`` says why there was no model, and the rules traded the window; empty when
    there was one. ``auc`` is None where only one class, or no score, occurs;
    ``expectancy_gain``, of the kept trades over all, where none was kept; ``threshold`` is the
    risk that the step's own model blocked above. ``money_gain`` is what the filter's sizes
    earned in the window less what the rules did, in currency; None before version 2.
    """

    n_train: int
    n_purged: int
    n_test: int
    n_kept: int
    auc: float | None
    expectancy_gain: float | None
    regularisation_c: float | None
    threshold: float | None = None
    untrained: str = ""
    money_gain: float | None = None


class CrossValidation(msgspec.Struct, frozen=True, kw_only=True):
    """What the paths earned beside the rules alone, and the probability of overfitting.

    ``expectancy_differences`` are rules+ML less rules-only, one a path, ascending, over all
    ``trades``; ``quantiles`` are theirs. ``share_better`` is the share of paths
    above 0. ``pbo`` is `overfitting.probability_of_overfitting` over ``configurations``.
    """

    groups: int
    test_groups: int
    fits: int
    paths: int
    trades: int
    expectancy_differences: list[float]
    quantiles: dict[str, float]
    share_better: float
    configurations: int
    pbo: float


class ListedTrades(msgspec.Struct, frozen=True, kw_only=True):
    """Trades with their out-of-sample scores, as columns of length ``listed``.

    ``trades`` is how many there were: of more than can be shown, evenly spaced ones are
    listed. ``score`` (6 digits) is None where the filter abstained. ``size`` is the
    multiplier; none were kept before version 2. ``decided`` and ``exited`` are minutes since
    1970 (UTC), ``mae`` a fraction at most 0, None where unknown, and ``net_pnl`` what the
    rules' own quantity earned, in currency. ``window`` numbers the walk-forward window that
    judged it, from 0, and ``why`` has up to three features that moved its score most, each
    as its position in ``features``, its value (None where missing) and by how much it
    raised the score (`afterclose.evaluating.reasons`). The columns from ``symbol`` on are empty in
    evaluations from before they were kept.
    """

    trades: int
    listed: int
    trade_id: list[str]
    score: list[float | None]
    pnl: list[float]
    bad: list[bool]
    allowed: list[bool]
    size: list[float] = []
    symbol: list[str] = []
    side: list[str] = []
    decided: list[int] = []
    exited: list[int] = []
    mae: list[float | None] = []
    net_pnl: list[float] = []
    exit_type: list[str] = []
    window: list[int] = []
    features: list[str] = []
    why: list[list[tuple[int, float | None, float]]] = []


class Part(Comparison, frozen=True, kw_only=True):
    """One way of testing: when its trades were decided, and what came of them.

    The comparison counts every trade alike; ``account`` counts money, and is None without
    trades, and in evaluations of version 1.
    """

    first_decision: str | None
    last_decision: str | None
    account: Account | None = None


class WalkForwardPart(Part, frozen=True, kw_only=True):
    """Walking forward, with its steps; ``lately`` is what the newest ones took away."""

    windows: list[Window]
    lately: TakenAway | None = None


class ActivePart(ActiveComparison, frozen=True, kw_only=True):
    """The candidate beside the active model, and both in money."""

    account: Account | None = None


class DatasetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Which dataset: its version, its rows, and the SHA-256 of its file."""

    version: str
    rows: int
    sha256: str


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Which settings and features made the model, and as which try in the scope, from 1."""

    id: str
    number: int


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; ``value`` is None when there was nothing to measure."""

    name: str
    value: float | None
    bound: float | None
    passed: bool
    sentence: str


class GateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds that people may set: ``objective``, and those of `Settings` with ``gate_``."""

    alpha: float = 0.05
    min_trades: int = 100
    min_kept_share: float = 0.3
    min_window_share: float = 0.5
    blocked_confidence: float = 0.8
    objective: str = "money"

    @classmethod
    def from_settings(cls, settings: Settings) -> "GateOptions":
        """The bounds of a scope."""
        return settings.options(cls, prefix="gate_", objective=settings.objective)


class WhatNext(msgspec.Struct, frozen=True, kw_only=True):
    """How far a refused candidate is: ``more_decisions`` at the present strength, in ``months``.

    None is never, or unknown; ``words`` say which, and why.
    """

    more_decisions: int | None
    months: float | None
    words: str


class GatesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All answers. ``against`` is the active model that the candidate was compared with.

    ``remarks`` are what was asked and binds nobody, ``next`` how far a refused candidate is.
    """

    passed: bool
    against: str | None
    options: GateOptions
    gates: tuple[Gate, ...]
    remarks: tuple[Gate, ...] = ()
    next: WhatNext | None = None

    @property
    def refusing(self) -> tuple[Gate, ...]:
        """The gates that refuse."""
        return tuple(gate for gate in self.gates if not gate.passed)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What was evaluated, when and with what: known before anything is measured.

    ``settings`` are those of the model's training and of the evaluation, by the names that
    they had then. ``active_model`` is the model that was active, and ``artifacts`` the SHA-256
    of the files that were measured.
    """

    schema_version: int = VERSION
    model_id: str
    evaluated_at: str
    dataset: DatasetVersion
    settings: dict[str, Any]
    active_model: str | None
    artifacts: dict[str, str] = {}
    recipe: Recipe | None = None


class Evaluation(Head, frozen=True, kw_only=True):
    """Everything that was found out about one model on trades that it never saw.

    ``gates`` is the answer of the promotion gates at that time.
    ``known_together`` is what all features know of the outcomes. ``real_decisions`` are those
    that were made: where there are any, every figure is of them alone, but ``backtest``, the
    account of the rules replayed. None in evaluations that did not part them. In an
    evaluation of version 1, ``evidence`` is None: it was of another kind.
    """

    threshold: float
    threshold_mode: Mode
    held_out: Part
    walk_forward: WalkForwardPart
    cpcv: CrossValidation | None = None
    real_decisions: int | None = None
    backtest: Account | None = None
    versus_active: ActivePart | None = None
    evidence: Evidence | None = None
    leaks: list[Leak] = []
    known_together: Knowledge | None = None
    importance: list[Importance] = []
    track_record: dict[str, TrackRecord] = {}
    money: dict[str, MoneyRecord | None] = {}
    notes: list[str] = []
    trades: dict[str, ListedTrades] = {}
    gates: GatesAnswer | None = None

    @property
    def is_old(self) -> bool:
        """Whether it was made before money was counted."""
        return self.schema_version < VERSION

    @property
    def options(self) -> EvaluationOptions:
        """How it was evaluated; what its version did not know yet has the default."""
        return msgspec.convert(self.settings, EvaluationOptions)

    @property
    def blocking(self) -> Blocking:
        """Where the model blocked, and how that was found."""
        return blocking_judged(
            self.threshold, self.threshold_mode, self.settings.get("block_share")
        )

    @property
    def main(self) -> PartName:
        """The part with most trades: walk-forward unless there was hardly any."""
        walked, held_out = self.walk_forward.rules_only.trades, self.held_out.rules_only.trades
        return "walk_forward" if walked >= held_out else "held_out"

    def part(self, name: PartName) -> Part:
        """The part of that name."""
        return self.walk_forward if name == "walk_forward" else self.held_out


def finite(value: float | None) -> float | None:
    """``value`` when it can be compared; NaN passes no comparison, and so could slip through."""
    return value if value is not None and math.isfinite(value) else None
