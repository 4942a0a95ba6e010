# SPDX-License-Identifier: GPL-2.0-only
# What is deployed into containers and clusters.

.PHONY: test-container
test-container: container
	$(Q)IMAGE=$(IMAGE) /usr/bin/python3 -B tests/deploy/container.py

# No root, no cluster; what npm's registry does not give is skipped.
.PHONY: test-kubernetes
test-kubernetes: $(O)/vigie
	$(Q)VIGIE=$(O)/vigie /usr/bin/python3 -B tests/deploy/kubernetes.py
