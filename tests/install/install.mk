# SPDX-License-Identifier: GPL-2.0-only
# What is installed, and the manual: part of the unit suite, as no kernel is asked.

.PHONY: test-install
test: test-install
test-install: $(O)/vigie manual
	$(Q)status=0; for t in tests/install/test_*.py; do \
		O=$(O) DEV=$(DEV) SAN=$(SAN) STATIC=$(STATIC) /usr/bin/python3 -B $$t -v || status=1; \
	done; exit $$status

# The binary for other distributions, in chroots of them; a tree of objects of its own.
.PHONY: test-static
test-static:
	$(Q)$(MAKE) --no-print-directory O=$(O)/for-all STATIC=1 all
	$(Q)tests/install/static.sh $(O)/for-all/vigie
