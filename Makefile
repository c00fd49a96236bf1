# Bare `make` prints this help. The verbs may be given together, alone, or under -j: they run in order.
PYTHON ?= python3
MODEL  ?=
RUN    ?= $(if $(MODEL),$(notdir $(patsubst %/,%,$(MODEL))),default)

VENV   := .venv
READY  := $(VENV)/.installed
TACIT  := $(VENV)/bin/tacit
STORE  := runs/$(RUN)/activations/manifest.json
SCORES := runs/$(RUN)/probes/scores.csv

# A verb waits for the one before it when both are asked for, and calls it when its files are not there yet; but a RUN
# that nobody made, and for which no MODEL is given, is a slip of the pen and not a wish for the default.
known = $(or $(MODEL),$(filter default,$(RUN)),$(wildcard runs/$(RUN)/settings.json))
after = $(or $(filter $(1),$(MAKECMDGOALS)),$(if $(wildcard $(2)),,$(if $(known),$(1))))
option = $(if $($(1)),--$(2) "$($(1))")
CACHE_OPTIONS = $(call option,MODEL,model) $(call option,TARGETS,targets) $(call option,N,n) $(call option,SEED,seed) \
	$(call option,DATA,data) $(call option,DEVICE,device) $(call option,DTYPE,dtype) $(OPTIONS)

.PHONY: help cache probe ablate tune compare test lint organism card bench validate docs clean
.DEFAULT_GOAL := help

help:  ## print this help
	@echo "tacit: what a language model knows about itself, and what it says"
	@echo
	@echo "  make cache probe compare               the embedded default, end to end"
	@echo "  make cache probe compare MODEL=…       a model of your own: hub id or folder"
	@echo
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: MODEL TARGETS N SEED RUN DATA DEVICE DTYPE, and OPTIONS for anything else that 'tacit cache' takes,"
	@echo "e.g. make cache MODEL=Qwen/Qwen2.5-0.5B-Instruct TARGETS=knowledge N=500 OPTIONS='--condition honest=\"Be honest.\"'"

cache: $(READY)  ## run the model once per prompt: residuals and replies to runs/RUN/activations
	$(TACIT) cache "$(RUN)" $(CACHE_OPTIONS)

probe: $(READY) $(call after,cache,$(STORE))  ## decode the targets from the residuals: runs/RUN/probes
	$(TACIT) probe "$(RUN)"

tune: $(READY) $(call after,probe,$(SCORES))  ## learn a prompt from the labels: can the model say it after all?
	$(TACIT) tune "$(RUN)"

ablate: $(READY) $(call after,probe,$(SCORES))  ## take what was decoded out of the states: does the model use it?
	$(TACIT) ablate "$(RUN)"

compare: $(READY) $(call after,probe,$(SCORES)) $(filter ablate tune,$(MAKECMDGOALS))  ## what it knows against what it says: runs/RUN/figures
	$(TACIT) compare "$(RUN)"

test: $(READY)  ## run every test
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m pytest

lint: $(READY)  ## ruff
	$(VENV)/bin/python -m ruff check .

organism: $(READY)  ## train the embedded default again from its seeded recipe (about half an hour on two cores)
	$(VENV)/bin/python -m tacit.organisms.train --out organisms/lock --seed 0

card: $(READY)  ## measure the embedded default again and print its model card's figures
	$(VENV)/bin/python -m tacit.organisms.measure organisms/lock

bench: $(READY)  ## measure speed against named rivals: runs/bench/bench.json
	$(VENV)/bin/python -m tacit.benchmarks.caching
	$(VENV)/bin/python -m tacit.benchmarks.probing

validate: $(READY) $(call after,probe,$(SCORES))  ## judge the tool by controls whose truth is known: runs/validate
	$(VENV)/bin/python -m tacit.validation
	$(VENV)/bin/python -m tacit.figures.plots.validation runs/validate

docs: $(READY)  ## API pages from the docstrings: build/docs
	$(VENV)/bin/python -W error -m pdoc tacit activations probes tacit.targets figures organisms -o build/docs

clean:  ## remove the default run (not your other runs, not .venv)
	rm -rf runs/default

$(READY): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tacit needs Python 3.11 or newer; this is $$($(PYTHON) --version). Run: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@
