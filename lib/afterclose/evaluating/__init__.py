"""What a model is worth on trades it never saw: measures, intervals, tests."""
