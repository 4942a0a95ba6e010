# SPDX-License-Identifier: GPL-2.0-only
# What is installed, and the manual: part of the unit suite, as no kernel is asked.

.PHONY: test-install
test: test-install
test-install: $(O)/vigie manual
	$(Q)status=0; for t in tests/install/test_*.py; do \
		O=$(O) DEV=$(DEV) SAN=$(SAN) STATIC=$(STATIC) /usr/bin/python3 -B $$t -v || status=1; \
	done; exit $$status
