# SPDX-License-Identifier: GPL-2.0-only
# The image, from the binary of STATIC=1, which needs nothing but the C library.

CONTAINER_TOOL ?= podman
IMAGE          ?= localhost/vigie:$(VERSION)

.PHONY: container
container:
	$(Q)$(MAKE) --no-print-directory O=$(O)/for-all STATIC=1 all
	$(say) IMAGE $(IMAGE)
	@mkdir -p $(O)/container
	$(Q)deploy/container/root $(O)/for-all/vigie $(O)/container/root
	$(Q)$(CONTAINER_TOOL) build --quiet --tag $(IMAGE) --file deploy/container/Containerfile $(O)/container
