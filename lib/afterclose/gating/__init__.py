"""Whether a candidate may become active by itself."""
