# SPDX-License-Identifier: GPL-2.0-only
# python/vigie_client before answers that are recorded, and before hostile ones: part of the unit suite.

.PHONY: test-python
test: test-python
test-python:
	$(Q)for t in tests/python/test_*.py; do /usr/bin/python3 -B $$t || exit 1; done
