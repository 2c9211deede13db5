"""Numbers, sections and sentences as people read them; nothing is computed here."""
