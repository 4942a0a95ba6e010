# SPDX-License-Identifier: GPL-2.0-only
# The Debian package. Debian's tools want debian/ at the top of a tree, and Debian asks programs not to
# have one there, so that a distribution's own is never mixed with it: a copy of the tree gets it.

DEB := $(O)/deb
DEB_VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' deploy/debian/changelog)

# deb-in DIR: builds in DIR/vigie-VERSION, leaves the package in DIR.
define deb-in
	$(Q)rm -rf $(1) && mkdir -p $(1)/vigie-$(DEB_VERSION)
	$(Q)(scripts/files; ls vmlinux/*.h) | tar -c -T - | tar -x -C $(1)/vigie-$(DEB_VERSION)
	$(Q)mv $(1)/vigie-$(DEB_VERSION)/deploy/debian $(1)/vigie-$(DEB_VERSION)/debian
	$(Q)printf '%s' '$(REVISION)' >$(1)/vigie-$(DEB_VERSION)/debian/revision
	$(Q)cd $(1)/vigie-$(DEB_VERSION) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u O -u CFLAGS -u INSTALL_LIST \
		dpkg-buildpackage -b -us -uc >../log 2>&1 || { tail -n 40 ../log; exit 1; }
endef

.PHONY: deb
deb:
	$(say) DEB $(DEB)
	$(call deb-in,$(DEB))
	$(Q)ls $(DEB)/*.deb

# Two builds in places of different names and lengths, with another umask, language and time zone.
.PHONY: test-deb
test-deb:
	$(call deb-in,$(DEB))
	$(Q)umask 077 && LC_ALL=C.UTF-8 TZ=Asia/Kathmandu $(MAKE) --no-print-directory O=$(O)/deb-once-more deb
	$(Q)tests/install/deb.sh $(DEB) $(O)/deb-once-more/deb

# The package in a booted Debian, under its systemd; SYSTEMD_EACH=--each takes each capability away once.
SYSTEMD_GUESTS ?= bookworm:6.1 trixie:6.12
.PHONY: test-vm-systemd
test-vm-systemd:
	$(call deb-in,$(DEB))
	$(Q)status=0; for guest in $(SYSTEMD_GUESTS); do \
		echo "# $$guest"; \
		tests/vm/systemd $(SYSTEMD_EACH) $${guest%:*} $${guest#*:} $(DEB)/vigie_$(DEB_VERSION)_amd64.deb || status=1; \
	done; exit $$status
