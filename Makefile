# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
#
# A thin front: everything happens in tools/rig (the private root and the machine),
# meson.build (user space) and Kbuild (the module). `make help` lists what there is.

KERNEL ?= main
CARDS ?= 4
JOB ?= fashion-mnist
ARGS ?=
CARD ?= build/user/tools/card/weft-card
FIRMWARE ?= build/user/firmware/weft-fw.bin
DESTDIR ?=
INSTALLED ?= build/install
TIMEOUT ?= 1200
SOAK_S ?=
FUZZ_S ?= 300

ROOT := tools/rig/in-root
RIG := tools/rig/rig
export WEFT_GOAL := $(firstword $(MAKECMDGOALS))

.DEFAULT_GOAL := help
.PHONY: help run test test-quick test-contract test-mutants fuzz soak modules user bench bench-coll docs check coverage dkms install uninstall clean setup shell
.NOTPARALLEL:

help:
	@sed -n 's/^#: \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

#: weft: make TARGET [VARIABLE=VALUE]
#:
#:   run         build all, boot the machine with CARDS cards, run JOB
#:   test        every test; ends with "N passed, N failed, N skipped"
#:   test-quick  native tests and those of the machine on the main kernel
#:   test-contract  the card contract against CARD, a program or a directory of sockets, with a report
#:   test-mutants   shows for every defect that weft-card can be given the contract test that catches it
#:   fuzz        ioctls, io_uring, mappings and rings of the driver, led by KCOV, for FUZZ_S seconds; renews the corpus
#:   soak        every test with its full count, in parts; goes on where it was stopped
#:   bench       all figures, into build/bench.json
#:   bench-coll  collective calls beside MPI, into build/bench-coll.json and a picture
#:   modules     weft.ko for each kernel, into build/modules/
#:   user        card, firmware, library, tools and test programs, into build/user/
#:   docs        Documentation/ as HTML and man pages, into build/docs/
#:   check       static checks: build in a kernel tree, sparse, checkpatch, coccinelle, clang, clang-tidy, shellcheck
#:   coverage    lines of driver/ that the tests in the machine reach, by file
#:   dkms        the driver's sources as an archive for DKMS, in build/
#:   install     library, tools, udev rule and group below DESTDIR
#:   uninstall   take them away again
#:   clean       remove build/ (not the private root in the cache)
#:   shell       a shell in the private root
#:
#: Variables
#:   KERNEL   run: main, 612, debug or kcsan (main)
#:   CARDS    run, test-contract: emulated cards (4)
#:   CARD     test-contract: what to test (weft-card)
#:   FIRMWARE test-contract: image for a card that boots one (weft-fw.bin)
#:   JOB      run: what `weft run` shall run (fashion-mnist)
#:   ARGS     run, bench, bench-coll, test-contract: further arguments of the command; test, check: names of suites, of checks;
#:            soak: --list, or parts
#:   SOAK_S   soak: seconds until it stops, at the end of a slice (none: to the end)
#:   TIMEOUT  run, bench: seconds until the machine is ended (1200)
#:   COUNT    test: rounds of every randomised test, in place of its own count
#:   SEED     test, fuzz: seed of every randomised test
#:   FUZZ_S   fuzz: seconds (300)
#:   DESTDIR  install, uninstall: where
#:   V        user: 1 shows every command
#:   XDG_CACHE_HOME  the private root and kernels are in its weft/ (~/.cache)

setup:
	@tools/rig/bootstrap

user: setup
	@$(ROOT) tools/rig/build-user

modules: setup
	@$(RIG) modules

run: user
	@$(RIG) modules $(KERNEL)
	@$(RIG) record
	@$(RIG) boot --name run --kernel $(KERNEL) --cards $(CARDS) --data --timeout $(TIMEOUT) \
		--run 'weft info && weft run $(JOB) --cards $(CARDS) $(ARGS)'

test: user
	@$(ROOT) python3 -B tests/run.py $(ARGS)

test-quick: user
	@$(ROOT) python3 -B tests/run.py --quick $(ARGS)

test-contract: user
	@$(ROOT) build/user/tests/contract/weft-contract --card $(CARD) --cards $(CARDS) --firmware $(FIRMWARE) \
		--bad-firmware-dir build/user/firmware $(ARGS)

test-mutants: user
	@$(ROOT) python3 -B tests/mutants.py $(ARGS)

fuzz: user
	@$(ROOT) python3 -B tests/system/kfuzz_test.py --seconds $(FUZZ_S)

soak: user
	@$(ROOT) python3 -B tests/soak.py $(if $(SOAK_S),--seconds $(SOAK_S)) $(ARGS)

bench: user
	@$(RIG) modules main
	@$(RIG) record
	@$(RIG) bench --timeout $(TIMEOUT) $(ARGS)

# The peers are no need: without their root their figures are null.
bench-coll: user
	@$(RIG) modules main
	@$(RIG) record
	@peers=$$(tools/rig/peer-root) || peers=; $(RIG) bench-coll --peers "$$peers" $(ARGS)

docs: setup
	@$(ROOT) tools/rig/build-docs

check: user
	@$(ROOT) tools/rig/build-user build/clang --native-file tools/rig/clang.ini
	@$(RIG) check $(ARGS)

coverage: user
	@$(ROOT) python3 -B tests/coverage.py $(ARGS)

dkms: setup
	@$(RIG) dkms

install: user
	@$(ROOT) sh -c 'rm -rf build/install && DESTDIR=$$PWD/build/install \
		meson install -C build/user --no-rebuild >build/log/install.log'
	@mkdir -p $(DESTDIR)/ && cp -a build/install/. $(DESTDIR)/

# The files that the last install put there, and the one folder that is ours alone.
uninstall:
	@test -d $(INSTALLED) || { echo "weft: $(INSTALLED) is not there: nothing was installed from here" >&2; exit 1; }
	@cd $(INSTALLED) && find . ! -type d -exec sh -c 'cd "$$0" && rm -f -- "$$@"' "$(abspath $(DESTDIR)/)" {} +
	@rmdir $(DESTDIR)/usr/local/include/weft 2>/dev/null || true

shell: setup
	@$(ROOT) bash

clean:
	rm -rf build
