"""Features of daily bars that hold no prices: what the importer writes and a bot can call.

    from afterclose.features import features_of
    features_of(bars)  # of the last bar's close, by name

See docs/features.md for every formula.
"""

from afterclose.features.catalogue import CATALOGUE, DEFAULT, LOOKBACK_BARS, Feature
from afterclose.features.columns import feature_columns, features_of

__all__ = ["CATALOGUE", "DEFAULT", "LOOKBACK_BARS", "Feature", "feature_columns", "features_of"]
