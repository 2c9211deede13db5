"""What a set of trades earned and risked, and how well scores part them. Arrays only."""
