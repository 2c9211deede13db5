"""`python -m afterclose JOB` is `afterclose JOB`."""

from afterclose.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
