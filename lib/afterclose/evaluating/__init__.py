"""What a model is worth on trades it never saw: walks, intervals, nulls, evidence."""
