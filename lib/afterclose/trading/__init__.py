"""What a session is made of: its model, sizes, log of verdicts, orders, positions. No NumPy."""
