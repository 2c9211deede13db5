# afterclose: `make` alone lists the targets. Two commands need no set-up: make demo, make test.
#
# Variables for the job targets, all optional unless a target says so:
#   ID=… REASON="…" FROM=us/paper   the model, why, and the scope it comes from (promote)
#   ANYWAY=1 BY=…                   against the promotion gates; who asks for it (promote)
#   LOGS_DIR=… MARKET=… ENV=… NOW=… JSON=1   the options common to all jobs
#   IN=container                    run the job inside the running service instead of here
#   SERVICE=us-paper BY=me@desk     which service that is, and who is named in its events
.DEFAULT_GOAL := help
SHELL := /bin/bash
# The first that runs: pyenv puts names on the path behind which there is no Python.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13; do \
	$$name -c pass 2>/dev/null && echo $$name && exit; done; echo python3)
VENV := .venv
PY := $(VENV)/bin/python
SERVICE ?= us-paper
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
IMAGE ?= afterclose:latest

# Values given on the command line reach a recipe through its environment, as they were written:
# the shell quotes them (REASON="it's better" arrives whole), and make, which would expand a `$`
# in them and run a $(shell ...), never looks inside.
$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),\
	$(eval override export $(name) := $$(value $(name)))))
export SERVICE IMAGE

# What a recipe cannot do without: $(call need,ID,promote ID=20260127_153000).
need = $(if $(value $1),,$(error $1 is missing: make $2))

# A switch is off where it says so: `$(call flag,ANYWAY,--anyway)` is nothing for ANYWAY=0.
flag = $$(case "$${$1-}" in (""|0|no|off|false) ;; (*) echo $2;; esac)

COMMON = $${LOGS_DIR:+--logs-dir "$$LOGS_DIR"} $${MARKET:+--market "$$MARKET"} \
	$${ENV:+--env "$$ENV"} $${NOW:+--now "$$NOW"} $(call flag,JSON,--json)
ifeq ($(IN),container)
RUN = $(COMPOSE) exec -T "$$SERVICE" python -m
READY :=
BY ?= $(shell id -un)@$(shell hostname)
export BY
else
RUN = $(PY) -m
READY := $(VENV)/.runtime
endif

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up -----------------------------------------------------------------------------

$(VENV)/bin/python:
	@"$(PYTHON)" -c 'import sys; v = sys.version_info[:2]; v >= (3, 11) or sys.exit( \
		"afterclose needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.11" % v); \
		v < (3, 14) or print("afterclose is tested on Python 3.11 to 3.13; trying %d.%d" % v)'
	"$(PYTHON)" -m venv $(VENV)

INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the jobs need into $(VENV) (once, about half a minute) ..."
	@$(INSTALL) -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(PY) -m compileall -q lib jobs && touch $@

$(VENV)/.demo: requirements-demo.lock | $(VENV)/.runtime
	@$(INSTALL) -r requirements-demo.lock && touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/.runtime
	@echo "Installing the test tools into $(VENV) (once, about a minute) ..."
	@$(INSTALL) -r requirements-dev.lock && touch $(VENV)/.demo $@

# The libraries of others that adapters stand in: their own folder, as they want other versions.
.venv-adapters/.ready: requirements-adapters.lock pyproject.toml
	@echo "Installing the adapters' libraries into .venv-adapters (once, about two minutes) ..."
	@"$(PYTHON)" -m venv .venv-adapters
	@$(INSTALL:$(PY)=.venv-adapters/bin/python) -r requirements-adapters.lock
	@.venv-adapters/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e . && touch $@

.PHONY: venv lock-files certificates demo test adapters check break fuzz lint types format calibrate-gates calibrate-monitor bench
venv: $(VENV)/.runtime ## make .venv with what the jobs need
demo: $(VENV)/.demo ## replay the nightly job on real daily prices, 2000 to 2013
	@$(PY) -m jobs.demo $(COMMON)
test: $(VENV)/.dev ## run the test suite
	$(PY) -m pytest -q -n 2 $$TESTS
adapters: .venv-adapters/.ready ## test the adapters inside the real freqtrade, nautilus_trader, Alpaca ...
	.venv-adapters/bin/python -m pytest -q tests/unit/adapters
check: lint types test ## lint, types and tests: what CI runs
break: $(VENV)/.dev ## break everything on purpose, the full number of times
	$(PY) -m pytest -q -n 2 tests/crash --full
fuzz: $(VENV)/.dev ## let a coverage-guided fuzzer write each parser's input   [SECONDS=60]
	@for target in ledger settings scorecard registry crontab imports; do \
		$(PY) tests/fuzz/run.py $$target '$(or $(SECONDS),60)' || exit 1; done
lint: $(VENV)/.dev ## style and security rules, formatting
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
types: $(VENV)/.dev ## static types
	$(PY) -m mypy
format: $(VENV)/.dev ## format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
calibrate-monitor: $(READY) ## how often the monitor alarms for nothing, and how soon for something   [SEEDS=200] [FIRST_SEED=0]
	@$(RUN) jobs.calibrate_monitor $(COMMON) $${SEEDS:+--seeds "$$SEEDS"} \
		$${FIRST_SEED:+--first-seed "$$FIRST_SEED"}
calibrate-gates: $(READY) ## how often the gates let placebos through, and an edge   [SEEDS=200] [FIRST_SEED=0] [DATA=prices.csv] [ONLY=text]
	@$(RUN) jobs.calibrate_gates $(COMMON) $${SEEDS:+--seeds "$$SEEDS"} $${DATA:+--data "$$DATA"} \
		$${FIRST_SEED:+--first-seed "$$FIRST_SEED"} $${ONLY:+--only "$$ONLY"}
bench: $(VENV)/.dev ## measure the speed promises, as ratios in one run
	$(PY) -m bench
LIGHT = --extra backtesting --extra backtrader --extra alpaca
CERTIFICATES ?= certificates
certificates: ## a certificate authority and a certificate for a Dask cluster   [CERTIFICATES=folder]
	@umask 077 && mkdir -p "$(CERTIFICATES)" && cd "$(CERTIFICATES)" && test ! -e dask.key \
		|| { echo "$(CERTIFICATES) has certificates already; remove them first"; exit 1; }
	@cd "$(CERTIFICATES)" && umask 077 && for name in ca dask; do \
		openssl genpkey -quiet -algorithm ED25519 -out $$name.key; done && \
		openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=afterclose" -out ca.crt && \
		openssl req -new -key dask.key -subj "/CN=dask" \
		| openssl x509 -req -CA ca.crt -CAkey ca.key -days 3650 -out dask.crt 2>/dev/null && \
		echo "$(CERTIFICATES): ca.crt, dask.crt and dask.key; keep ca.key away from the cluster"
lock-files: $(VENV)/.dev ## pin the dependencies anew, with hashes
	@for kind in "requirements:" "requirements-demo:--extra demo" \
		"requirements-fleet:--extra dask --extra s3" \
		"requirements-dev:--extra demo --extra dev --extra xgboost --extra dask --extra sql --extra s3 $(LIGHT)"; do \
		$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock-files" \
			$$( [ "$${kind%%:*}" = requirements ] || echo -c requirements.lock ) \
			--extra nightly --extra build --extra excel --extra notify $${kind#*:} \
			pyproject.toml -o $${kind%%:*}.lock; done
	@echo pytest | $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock-files" \
		--extra build $(LIGHT) --extra freqtrade --extra nautilus \
		pyproject.toml - -o requirements-adapters.lock

# --- the nightly jobs -------------------------------------------------------------------

.PHONY: build train evaluate register promote rollback cycle lock unlock status candidates report
.PHONY: cron session fleet courier backup restore
.PHONY: verify deactivate off on monitor compare open
build: $(READY) ## add newly closed trades to the dataset
	@$(RUN) jobs.build $(COMMON)
train: $(READY) ## train a model on the dataset   [DATASET_VERSION=v…]
	@$(RUN) jobs.train $(COMMON) $${DATASET_VERSION:+--dataset-version "$$DATASET_VERSION"} $(call flag,FORCE,--force)
evaluate: $(READY) ## evaluate a model out of sample   [ID=…]
	@$(RUN) jobs.evaluate $(COMMON) $${ID:+--id "$$ID"}
register: $(READY) ## register a model as a candidate   [ID=…]
	@$(RUN) jobs.register $(COMMON) $${ID:+--id "$$ID"}
promote: $(READY) ## make a candidate the active model   ID=… [REASON="…"] [FROM=us/paper] [ANYWAY=1] [IN=container]
	$(call need,ID,promote ID=20260127_153000)
	@$(RUN) jobs.promote $(COMMON) --id "$$ID" $${REASON:+--reason "$$REASON"} $${FROM:+--from "$$FROM"} \
		$(call flag,ANYWAY,--anyway) $${BY:+--by "$$BY"}
rollback: $(READY) ## return to the previous active model   [REASON="…"]
	@$(RUN) jobs.rollback $(COMMON) $${REASON:+--reason "$$REASON"} $${BY:+--by "$$BY"}
deactivate: $(READY) ## no active model any more: the rules alone from the next load on   [REASON="…"]
	@$(RUN) jobs.deactivate $(COMMON) $${REASON:+--reason "$$REASON"} $${BY:+--by "$$BY"}
off: $(READY) ## switch the filter off, running ones too   [REASON="…"]
	@$(RUN) jobs.off $(COMMON) $${REASON:+--reason "$$REASON"} $${BY:+--by "$$BY"}
on: $(READY) ## switch it on again
	@$(RUN) jobs.on $(COMMON)
cycle: $(READY) ## the whole nightly work, if a session is due   [FORCE=1]
	@$(RUN) jobs.cycle $(COMMON) $(call flag,FORCE,--force)
lock: $(READY) ## pin the active model until the session's close
	@$(RUN) jobs.lock $(COMMON) $${BY:+--by "$$BY"}
unlock: $(READY) ## end a session lock by hand   [REASON="…"]
	@$(RUN) jobs.unlock $(COMMON) $${REASON:+--reason "$$REASON"} $${BY:+--by "$$BY"}
status: $(READY) ## what is active, locked, due and wrong
	@$(RUN) jobs.status $(COMMON)
monitor: $(READY) ## watch the filter in use: drift, calibration, harm, the newest candidate
	@$(RUN) jobs.monitor $(COMMON)
candidates: $(READY) ## the models that wait for a promotion
	@$(RUN) jobs.candidates $(COMMON)
report: $(READY) ## draw the scope's page, and review pages that are missing
	@$(RUN) jobs.report $(COMMON)
compare: $(READY) ## two models on the same decisions, as a page   [A=…] [B=…]
	@$(RUN) jobs.compare $(COMMON) $${A:+--a "$$A"} $${B:+--b "$$B"}
open: $(READY) ## show the pages in a browser, until Ctrl-C   [PORT=…]
	@$(RUN) jobs.open $(COMMON) $${PORT:+--port "$$PORT"}
verify: $(READY) ## check every file of the scope   [REPAIR=1]
	@$(RUN) jobs.verify $(COMMON) $(call flag,REPAIR,--repair)
cron: $(READY) ## run the crontab here, in the foreground   [CHECK=1]
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(RUN) jobs.cron $(COMMON) crontab $(call flag,CHECK,--check)
fleet: $(READY) ## the cycle of every scope that is due   [SCOPES='us/*'] [STEP=verify] …
	@$(RUN) jobs.fleet $(COMMON) $${SCOPES:+--scopes "$$SCOPES"} $${STEP:+--step "$$STEP"} \
		$${WORKERS:+--workers "$$WORKERS"} $${TIME_LIMIT_S:+--time-limit-s "$$TIME_LIMIT_S"} \
		$${JITTER_S:+--jitter-s "$$JITTER_S"}
courier: $(READY) ## send pings and messages about all scopes   [ONCE=1] [STATE_DIR=courier]
	@$(RUN) jobs.courier $(COMMON) $${STATE_DIR:+--state-dir "$$STATE_DIR"} $(call flag,ONCE,--once)
backup: $(READY) ## copy scopes to a folder or an object store   TO=s3://bucket/name [SCOPES='us/*']
	$(call need,TO,backup TO=/mnt/backup)
	@$(RUN) jobs.backup $(COMMON) --to "$$TO" $${SCOPES:+--scopes "$$SCOPES"} \
		$${WAIT_S:+--wait-s "$$WAIT_S"}
restore: $(READY) ## bring scopes back from there   FROM=… [SCOPES='us/*'] [SNAPSHOT=…]
	$(call need,FROM,restore FROM=/mnt/backup)
	@$(RUN) jobs.restore $(COMMON) --from "$$FROM" $${SCOPES:+--scopes "$$SCOPES"} \
		$${SNAPSHOT:+--snapshot "$$SNAPSHOT"} $${WAIT_S:+--wait-s "$$WAIT_S"}
session: $(READY) ## replay trading days   BARS=… SIGNALS=… [BACKTEST=1] [FROM_DATE=…] [TO_DATE=…]
	$(call need,BARS,session BARS=bars.csv SIGNALS=signals.jsonl)
	$(call need,SIGNALS,session BARS=bars.csv SIGNALS=signals.jsonl)
	@$(RUN) jobs.session $(COMMON) --bars "$$BARS" --signals "$$SIGNALS" \
		$${FROM_DATE:+--from "$$FROM_DATE"} $${TO_DATE:+--to "$$TO_DATE"} $(call flag,BACKTEST,--backtest)

.PHONY: import-ledger study placebo why shadow
why: $(READY) ## why a verdict was what it was   TRADE=… | SYMBOL=… [DATE=…]
	@$(RUN) jobs.why $(COMMON) $${TRADE:+--trade "$$TRADE"} $${SYMBOL:+--symbol "$$SYMBOL"} \
		$${DATE:+--date "$$DATE"}
shadow: $(READY) ## follow blocked entries through daily bars   [BARS=prices.csv]
	@$(RUN) jobs.shadow $(COMMON) $${BARS:+--bars "$$BARS"}
import-ledger: $(READY) ## trades of another system   FILE=… [FEATURES=…] [BARS=…] [MAP=…] [DRY_RUN=1] …
	$(call need,FILE,import-ledger FILE=trades.csv)
	@$(RUN) jobs.import_ledger $(COMMON) $${FORMAT:+--format "$$FORMAT"} \
		$${BARS:+--bars "$$BARS"} $${TIMEZONE:+--timezone "$$TIMEZONE"} \
		$${SYMBOL:+--symbol "$$SYMBOL"} $${STRATEGY:+--strategy "$$STRATEGY"} \
		$${MAP:+--map "$$MAP"} $${FEATURES:+--features "$$FEATURES"} \
		$${ACCOUNT:+--account "$$ACCOUNT"} $${DATE_FORMAT:+--date-format "$$DATE_FORMAT"} \
		$${DECIMAL:+--decimal "$$DECIMAL"} $${SIDE:+--side "$$SIDE"} \
		$(call flag,LONG_ONLY,--long-only) $${OPENING:+--opening "$$OPENING"} \
		$${ORDER:+--order "$$ORDER"} $${PNL:+--pnl "$$PNL"} $${SPLITS:+--splits "$$SPLITS"} \
		$(call flag,DRY_RUN,--dry-run) -- "$$FILE"
placebo: $(READY) ## your history with features that know nothing, through the gates   [COUNT=50]
	@$(RUN) jobs.placebo $(COMMON) $${COUNT:+--count "$$COUNT"}
study: $(READY) $(if $(filter demo,$(value DATA)),$(READY:.runtime=.demo)) ## replay prices, or your own trades   DATA=prices.csv | LEDGER=… [RECIPES=…] [EVERY=…] [OUT=…]
	$(if $(value LEDGER),,$(call need,DATA,study DATA=prices.csv or make study LEDGER=trades.jsonl))
	@$(RUN) jobs.study $(COMMON) $${DATA:+--data "$$DATA"} $${LEDGER:+--ledger "$$LEDGER"} \
		$${RECIPES:+--recipes "$$RECIPES"} $${EVERY:+--every "$$EVERY"} $${OUT:+--out "$$OUT"}

# --- the container ----------------------------------------------------------------------

# With wheels/ filled the image's packages come from there, otherwise from the package index.
WHEELS = $(if $(wildcard wheels/*.whl),--build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src)
REVISION = $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
MACHINE = $(shell uname -m)

.PHONY: image wheels up down logs shell page
image: ## build the container image   [BASE_IMAGE=…] [LOCK=requirements-fleet.lock]
	docker build $(WHEELS) $${BASE_IMAGE:+--build-arg BASE_IMAGE="$$BASE_IMAGE"} \
		$${LOCK:+--build-arg LOCK="$$LOCK"} \
		--build-arg REVISION=$(REVISION) -t "$$IMAGE" .
wheels: $(READY) ## download the image's packages into wheels/, to build without a package index   [LOCK=…]
	@$(PY) -m pip download -q --disable-pip-version-check --require-hashes --no-deps \
		--only-binary :all: --implementation cp --python-version 3.11 \
		--platform manylinux_2_28_$(MACHINE) --platform manylinux_2_17_$(MACHINE) \
		--platform manylinux2014_$(MACHINE) -r "$${LOCK:-requirements.lock}" -d wheels
up: image ## start the services of compose.yaml
	@test -e .env || cp .env.example .env
	@AFTERCLOSE_IMAGE="$$IMAGE" $(COMPOSE) up -d --no-build
down: ## stop and remove the containers; the logs volume stays
	@$(COMPOSE) down
logs: ## follow what the service prints   [SERVICE=us-paper]
	@$(COMPOSE) logs -f --tail 100 "$$SERVICE"
shell: ## a shell inside the running service   [SERVICE=us-paper]
	@$(COMPOSE) exec "$$SERVICE" bash
page: ## copy the pages of the running service's scope here   [OUT=pages] [SERVICE=us-paper]
	@mkdir -p "$${OUT:=pages}" && $(COMPOSE) exec -T "$$SERVICE" sh -c \
		'cd /logs/$$ML_MARKET/$$ML_ENV && find . -name "*.html" | tar -cf - -T -' \
		| tar -xf - -C "$$OUT" && echo "Open $$OUT/index.html"
