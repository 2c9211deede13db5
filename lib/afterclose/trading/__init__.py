"""What runs while the market is open: verdicts, orders, positions. Light to import."""
