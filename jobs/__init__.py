"""One file per job: `python -m jobs.NAME`; what they share is in `afterclose.runner`."""

import gc

gc.set_threshold(200_000)  # or Python looks through what a job imports for garbage: 2 of 60 ms
