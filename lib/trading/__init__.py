"""What runs while the market is open: verdicts, paper trades, replays. Light to import."""
