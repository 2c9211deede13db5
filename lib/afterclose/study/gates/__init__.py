"""How often the promotion gates let noise through, and an edge, on made-up trades."""
