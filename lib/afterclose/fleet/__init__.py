"""All scopes of a volume in one run: found, ticked, worked on side by side, told in one table."""
