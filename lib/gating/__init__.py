"""Whether a candidate may become active by itself, and how often noise would."""
