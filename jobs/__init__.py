"""One file per job: `python -m jobs.NAME`."""
