"""Made daily bars for tests of strategies and studies."""

import numpy as np
import pandas as pd


def wandering(symbols: int, days: int, seed: int = 0, start: str = "2019-01-02") -> pd.DataFrame:
    """Rising random walks of ``symbols`` S0, S1, ... on weekdays, as a price file has them."""
    random = np.random.default_rng(seed)
    dates = pd.bdate_range(start, periods=days)
    frames = []
    for number in range(symbols):
        close = 100 * np.exp(np.cumsum(random.normal(0.001, 0.015, days)))
        opened = close * np.exp(random.normal(0, 0.005, days))
        spread = np.abs(random.normal(0, 0.008, (2, days)))
        frames.append(
            pd.DataFrame(
                {
                    "symbol": f"S{number}",
                    "date": dates.strftime("%Y-%m-%d"),
                    "open": opened,
                    "high": np.maximum(opened, close) * (1 + spread[0]),
                    "low": np.minimum(opened, close) * (1 - spread[1]),
                    "close": close,
                    "volume": random.integers(1_000, 100_000, days).astype(float),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
