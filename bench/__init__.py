"""Benchmarks: each prints ratios measured within one run, never seconds to remember."""
