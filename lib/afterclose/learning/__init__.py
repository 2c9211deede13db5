"""From the dataset to a frozen model: features, fitting, scorecards, artifacts."""
