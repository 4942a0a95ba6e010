# SPDX-License-Identifier: GPL-2.0-only
# Each fallible system call of vigie serve fails once: some ten minutes, so scripts/test has a part of
# it only (tests/e2e/test_syscalls.py). PHASES="scrape reload" runs some; OF_A_PLACE=1 less of each.

PHASES ?= start cycle scrape reload writer

.PHONY: torture-syscalls
torture-syscalls: $(O)/vigie
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/syscalls/torture.py $(PHASES)
