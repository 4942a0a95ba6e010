# SPDX-License-Identifier: GPL-2.0-only
# Tests of the build itself: part of the unit suite.

.PHONY: test-rebuild
test: test-rebuild
test-rebuild:
	$(Q)tests/lib/rebuild.sh
