# afterclose: the nightly jobs and the cron that starts them.
#
#   docker build -t afterclose .
#
# Without a package index: put the wheels of requirements.lock into wheels/ (`make wheels`), add
#   --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src
# and with a base image that has tini the build needs no network at all.

ARG BASE_IMAGE=python:3.11-slim-bookworm

# --- build: packages with their hashes checked, and bytecode of everything ----------------
FROM ${BASE_IMAGE} AS build
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
# requirements-fleet.lock adds Dask and object stores to it.
ARG LOCK=requirements.lock
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

WORKDIR /src
COPY requirements.lock requirements-fleet.lock wheels* ./
# Tests of the packages and the installer itself stay behind. The bytecode is made once, here:
# the container's file system is read-only, and compiling at each start costs seconds.
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet --no-compile --only-binary :all: --require-hashes \
        -r "$LOCK" \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} + \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

# The package is installed, so that a bot in another container of this image can import it from
# any folder; what installed it goes.
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY lib lib
COPY jobs jobs
RUN /opt/venv/bin/pip install --quiet --no-compile --no-deps --no-build-isolation . \
    && rm -r lib pyproject.toml README.md \
    && /opt/venv/bin/pip uninstall --quiet --yes \
        hatchling editables trove-classifiers tomlkit pathspec pluggy setuptools pip
COPY crontab ./
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash \
        /opt/venv/lib/python3*/site-packages/afterclose . \
    && chmod -R a+rX .

# --- final: no compiler, no installer, no tests, no root -----------------------------------
FROM ${BASE_IMAGE}

# PID 1 must reap orphans and pass signals on.
RUN command -v tini >/dev/null \
    || (apt-get update -q && apt-get install -qy --no-install-recommends tini \
        && rm -rf /var/lib/apt/lists/*)
# Whoever AFTERCLOSE_USER is writes the courier's state: a new volume has the folder's mode.
RUN groupadd --gid 10001 afterclose \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp afterclose \
    && install --directory --owner 10001 --group 10001 /logs \
    && install --directory --mode 1777 /state

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ML_LOGS_DIR=/logs

WORKDIR /app
USER 10001:10001
VOLUME /logs

HEALTHCHECK --interval=60s --timeout=10s --start-period=30s --retries=2 \
    CMD ["python", "-m", "jobs.status", "--health"]

ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "jobs.cron", "crontab"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="afterclose" \
      org.opencontainers.image.description="Offline machine-learning risk filter for rule-based swing trading" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
