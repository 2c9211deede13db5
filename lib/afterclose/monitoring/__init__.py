"""What becomes of verdicts: counted, joined with their outcomes, and watched by four alarms.

monitor             one night's step: what is new, judged together with what was known
verdict_lines outcomes      the two sources, read from where the last night ended
weeks               what is kept of decisions: sums a week, nothing older than it must be
drift calibration pairs     the alarms, pure functions of those weeks
betting             the rule that all four share: a stake that luck seldom multiplies
monitor_file        what `ml_monitor.json` holds; light, for status and metrics
alerts metrics      the sentences for people, the numbers for Prometheus
"""
