"""Every measure that a page shows, in the words of one who trades.

One list, so that a page cannot show what it does not explain: a test takes the labels from
the finished pages and looks for each of them here.
"""

from typing import Final

GLOSSARY: Final[dict[str, str]] = {
    "Against the rules alone": "net PnL with the model less that of the rules alone: what it "
    "would have saved or cost you. The interval holds the true difference 95 times in 100, if "
    "sessions to come are like those seen",
    "Net PnL": "what trades earned in currency: quantity times the price's move, less fees",
    "This model": "every decision of the rules at the size that the model would have let through",
    "Rules alone": "every decision of the rules, at the size they wanted",
    "Return": "net PnL as a share of the capital",
    "Capital": "ML_CAPITAL; where that is not set, the most that was in trades at once",
    "Drawdown": "how far the account fell below its highest value before, in currency and as a "
    "share of that value",
    "Worst day": "the session whose trades, booked when they ended, earned least",
    "Exposure": "the mean share of the capital that was in trades",
    "Blocked": "decisions that the model would not have traded, or not in full size",
    "Decisions": "entries that the rules decided on, each counted once",
    "Difference": "this model less the rules alone",
    "Second less first": "what the second model made, less what the first made of the same "
    "decisions",
    "95 % interval": "where the true figure lies 95 times in 100, found by drawing whole sessions "
    "again and again",
    "By luck alone": "how often blocking as many at random would have done as well, after all "
    "candidates tried: below 0.05 is rare",
    "Value of the account": "the capital and all net PnL until then, booked when trades end",
    "Buy and hold": "the capital spread over all traded symbols at the first decision, and left",
    "Year's sum": "net PnL of the year's months together",
    "Bad Share": "bad trades, of the trades made; bad is one that lost money, or went too far "
    "against you on its way",
    "Mean net PnL of a trade": "expectancy in currency: net PnL of the newest decisions over the "
    "number that was traded",
    "Deepest": "the session on which a drawdown was at its lowest",
    "Recovered": "when the account was back at its old high",
    "Share": "a drawdown as a share of the high before it",
    "Same sizes at random": "the model's sizes handed out at random among the decisions of the "
    "same sessions: what blocking as many blindly earns",
    "Same sizes by ATR": "the model's sizes handed out by volatility alone, the most volatile "
    "blocked first",
    "MAE": "maximum adverse excursion: how far the price went against the trade at worst, as a "
    "share of the entry price",
    "Size": "the multiplier of the rules' own quantity, from 0 (blocked) to 1",
    "Filter": "what the model made of the decision: blocked, made smaller, let through, or not "
    "judged where it had no score",
    "Trade Count": "trades made",
    "Trades": "trades made",
    "Bad Trades": "trades that lost money, or went too far against you",
    "Win Rate": "trades that earned money, of the trades made",
    "Expectancy": "mean PnL of a trade, net of fees, each trade counted alike",
    "Total PnL": "sum of the trades' PnL, each as a share of its own size",
    "Profit Factor": "sum of the gains over sum of the losses: above 1 earns money",
    "Max Drawdown": "deepest fall of capital below its peak, all of it in each trade",
    "Exp. Shortfall 5 %": "expected shortfall: the mean PnL of the worst twentieth of the trades",
    "Sharpe per Trade": "mean PnL of a trade over how much trades' PnL scatters",
    "Kept": "trades that the model lets through, of all decisions",
    "Score": "the model's risk score from 0 to 1: higher is worse; above the threshold it blocks",
    "Risk score": "the model's answer to an entry, from 0 to 1: higher is worse; above the "
    "threshold it blocks",
    "Rules only": "expectancy of the rules alone, each trade counted alike",
    "With it": "expectancy of the trades that the model lets through",
    "Net PnL less rules": "what the account earned with the model less what the rules earned, "
    "walking forward",
    "Threshold": "the risk score above which an entry is blocked",
    "PnL": "what a trade earned, net of fees, as a share of the money put in",
    "AUC": "how often a bad trade gets a higher score than a good one: 0.5 is a coin, 1 is perfect",
    "AUC lost without it": "how much of the AUC goes when the feature is shuffled among the trades",
    "Weight": "what one standard deviation more of a feature adds to the risk",
    "Median": "half of the training trades had less, half had more",
    "Middle 80 %": "from the tenth lowest to the tenth highest in a hundred training trades",
    "Present": "training trades in which the feature was known",
    "Shift": "population stability index between two distributions: under 0.1 as before, over "
    "0.25 shifted a lot",
    "Trained on": "trades that a walk-forward step learned from, all older than those it was "
    "tested on",
    "Tested": "trades that a step was tested on",
    "Gain a trade": "expectancy of the kept trades less that of all, in one walk-forward step",
}
"""A term as pages write it, and what it means."""


SCOPE_TERMS: Final = (
    "AUC", "By luck alone", "Kept", "Net PnL", "Net PnL less rules", "Risk score", "Rules only",
    "Trades", "With it",
)  # fmt: skip
"""What the scope's page measures."""


def glossary() -> list[tuple[str, str]]:
    """All entries by name."""
    return sorted(GLOSSARY.items(), key=lambda entry: entry[0].lower())


def scope_glossary() -> list[tuple[str, str]]:
    """The entries of what the scope's page shows."""
    return [entry for entry in glossary() if entry[0] in SCOPE_TERMS]
