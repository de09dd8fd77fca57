# `make demo` and `make test` do everything, from a fresh Debian on; `make` alone says what else there is.
# Everything lands in .venv/ and build/, and the packer's C core beside the packer.

PYTHON ?= python3
ARCHS ?= x64
JOBS := $(shell nproc)

BUILD := $(CURDIR)/build
BIN := $(CURDIR)/.venv/bin
MICROPY := $(abspath $(or $(MICROPY_DIR),$(BUILD)/micropython))
DIGITS := examples/digits
CORE := host_tools/packer/_core.abi3.so
CORE_SRC := $(wildcard native_modules/core/*.[ch] native_modules/core/kernels/*.[ch])

help:
	@echo "make demo       pack the example model, run it on MicroPython on real samples"
	@echo "make test       build and test everything"
	@echo "make test-all   the same, with the long sweeps and a minute of fuzzing"
	@echo
	@echo "make setup      Debian packages (as root); .venv with the packer and the test tools"
	@echo "make core       the C core as a shared library, for the packer"
	@echo "make natmod     build/natmod/ARCH/_tinyinfer.mpy for each of ARCHS=\"$(ARCHS)\""
	@echo "make unix       MicroPython's unix port, plain and with the user C module"
	@echo "make fuzz       a minute of libFuzzer on the loader and the kernels"
	@echo "make bench      the table of figures in README.md: RAM, flash, x86-64 instructions"
	@echo "make size       bytes of every kernel's code and of the native module, for each compiler that is there"
	@echo "make stack      the deepest stack of the core, and how it comes about, for each compiler that is there"
	@echo "make memory     RAM of every model at hand, beside TFLite Micro's; UPDATE=1 keeps it as what no pool may exceed"
	@echo "make conformance    every op on every backend against the oracle: how many bytes differ in 200 cases"
	@echo "make readme     the table of ops in README.md, from the code"
	@echo "make clean      remove what was built; distclean: .venv and MicroPython's source too"
	@echo
	@echo "MICROPY_DIR=    a MicroPython checkout, 1.23 or later; otherwise Debian's source package is fetched"
	@echo "PYTHON=         the CPython, 3.10 or later, that .venv is made from; now $(PYTHON)"

.PHONY: help setup core natmod micropython unix replay demo test test-all fuzz conformance bench size stack memory
.PHONY: readme clean distclean
.DELETE_ON_ERROR:

# ---- installed ----

packages-%:
	@PYTHON=$(PYTHON) scripts/apt-packages.sh $*

.venv/installed: setup.cfg scripts/constraints.txt | packages-build
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python is too old: set PYTHON to 3.10 or later")'
	@echo "== installing the packer and the test tools into .venv"
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q --disable-pip-version-check -c scripts/constraints.txt setuptools
	$(BIN)/pip install -q --disable-pip-version-check -c scripts/constraints.txt --no-build-isolation -e '.[test]'
	@touch $@

setup: .venv/installed

# ---- built ----

# What a build says matters only where it fails.
log = >$(1) 2>&1 || { cat $(1) >&2; exit 1; }

$(CORE): setup.py $(CORE_SRC) | .venv/installed
	@echo "== building the C core for the packer"
	$(BIN)/python setup.py -q build_ext --inplace --force

core: $(CORE)

micropython: | packages-build
	@scripts/get-micropython.sh $(BUILD)

natmod: $(addprefix $(BUILD)/natmod/,$(ARCHS))

$(BUILD)/natmod/%: micropython packages-% | .venv/installed
	@echo "== native module for $*"
	@mkdir -p $@
	@$(MAKE) -s -C native_modules/natmod ARCH=$* MPY_DIR=$(MICROPY) BUILD=$@ PYTHON=$(BIN)/python $(call log,$@.log)

unix: $(BUILD)/unix/micropython $(BUILD)/unix-usermod/micropython

# Without TLS, Berkeley DB and libffi the unix port needs nothing but a C compiler.
UNIX = -s -j$(JOBS) -C $(MICROPY)/ports/unix MICROPY_PY_SSL=0 MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 FROZEN_MANIFEST= BUILD=$(@D)

$(BUILD)/unix/micropython: micropython
	@echo "== MicroPython's unix port, plain"
	@mkdir -p $(@D)
	@$(MAKE) $(UNIX) $(call log,$(@D).log)

$(BUILD)/unix-usermod/micropython: micropython
	@echo "== MicroPython's unix port, with the user C module"
	@mkdir -p $(@D)
	@$(MAKE) $(UNIX) USER_C_MODULES=$(CURDIR)/native_modules $(call log,$(@D).log)

FUZZER := $(BUILD)/fuzz/fuzz_load_run
REPLAY := $(BUILD)/fuzz/replay
FUZZ_SRC := tests/fuzz/fuzz_load_run.c tests/fuzz/fuzz_load_run.h $(CORE_SRC)
SANITIZED := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Inative_modules/core

$(FUZZER): $(FUZZ_SRC) | packages-fuzz
	@echo "== building the fuzzer"
	@mkdir -p $(@D)/corpus
	clang $(SANITIZED) -fsanitize=fuzzer $(filter %.c,$^) -o $@

$(REPLAY): tests/fuzz/replay_main.c $(FUZZ_SRC) | packages-build
	@echo "== building the fuzzer's replayer"
	@mkdir -p $(@D)
	@gcc -std=c99 $(SANITIZED) $(filter %.c,$^) -o $@

replay: $(REPLAY)

size: packages-armv6m .venv/installed
	@$(MAKE) -s natmod ARCHS="$$($(BIN)/python tests/bench/size.py --archs)"
	@$(BIN)/python tests/bench/size.py $(BUILD)/natmod
	@echo
	@$(MAKE) -s stack

stack: packages-armv6m .venv/installed
	@cd tests && $(BIN)/python -m bench.stack

memory: core
	@cd tests && $(BIN)/python -m bench.memory $(if $(UPDATE),--update)

# ---- run ----

demo: core $(BUILD)/unix-usermod/micropython
	@echo "== packing $(DIGITS)/digits_int8.tflite, running it on MicroPython"
	@mkdir -p $(BUILD)/demo
	$(BIN)/packer build $(DIGITS)/digits_int8.tflite --labels $(DIGITS)/labels.txt -o $(BUILD)/demo/digits.tin
	MICROPYPATH=device_lib $(BUILD)/unix-usermod/micropython $(DIGITS)/classify.py $(BUILD)/demo/digits.tin $(DIGITS)/samples/*.pgm

test: core natmod unix replay packages-test
	$(BIN)/python -m pytest -n $(JOBS) tests

test-all: core natmod unix replay packages-test fuzz
	$(BIN)/python -m pytest -n $(JOBS) --run-slow tests

# Finds grow build/fuzz/corpus from one run to the next; an input that crashes is kept as build/fuzz/crash-*.
fuzz: $(FUZZER) core
	@echo "== making seeds"
	@$(BIN)/python tests/fuzz/make_corpus.py $(BUILD)/fuzz/seeds
	@echo "== fuzzing for 60 s"
	$(FUZZER) -max_total_time=60 -timeout=10 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/corpus $(BUILD)/fuzz/seeds

conformance: core natmod unix
	$(BIN)/python tests/conformance.py

bench: core packages-test
	cd tests && $(BIN)/python -m bench.figures

readme: .venv/installed
	cd tests && $(BIN)/python -m support.readme

clean: # build/micropython stays
	rm -rf $(BUILD)/[!m]* $(CORE)

distclean:
	rm -rf build .venv *.egg-info $(CORE)
