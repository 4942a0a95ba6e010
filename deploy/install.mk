# SPDX-License-Identifier: GPL-2.0-only
# The way into a file system. DESTDIR and PREFIX as usual; where a distribution has other places,
# name them: MANDIR, UNITDIR, ...

SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
DOCDIR     ?= $(PREFIX)/share/doc/vigie
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
PYTHONDIR  ?= $(PREFIX)/share/vigie/python

# What is installed is listed once: uninstall reads the same list.
# MODE SOURCE DESTINATION, without DESTDIR; sources may be patterns of the shell.
define INSTALL_LIST
0755 $(O)/vigie $(SBINDIR)/vigie
$(PUSH_LIST)
0644 $(MANUAL)/*.8 $(MANDIR)/man8/
0644 $(MANUAL)/*.5 $(MANDIR)/man5/
0644 $(MANUAL)/vigie.bash $(BASHDIR)/vigie
0644 $(MANUAL)/_vigie $(ZSHDIR)/_vigie
0644 $(O)/vigie.service $(UNITDIR)/vigie.service
0644 deploy/systemd/vigie.socket $(UNITDIR)/vigie.socket
0644 deploy/sysusers.d/vigie.conf $(SYSUSERSDIR)/vigie.conf
0644 deploy/tmpfiles.d/vigie.conf $(TMPFILESDIR)/vigie.conf
0644 python/vigie_client/*.py $(PYTHONDIR)/vigie_client/
0644 python/pyproject.toml $(PYTHONDIR)/pyproject.toml
0644 README.md $(DOCDIR)/README.md
0644 CHANGELOG.md $(DOCDIR)/CHANGELOG.md
0644 CONTRIBUTING.md $(DOCDIR)/CONTRIBUTING.md
0644 docs/* $(DOCDIR)/docs/
0644 deploy/README.md $(DOCDIR)/deploy/README.md
0644 deploy/prometheus/vigie-rules.yml $(DOCDIR)/examples/vigie-rules.yml
0644 deploy/grafana/dashboards/*.json $(DOCDIR)/examples/grafana/
0644 deploy/logs/* $(DOCDIR)/examples/logs/
0644 deploy/datadog/openmetrics.d/* $(DOCDIR)/examples/datadog/openmetrics.d/
0644 deploy/datadog/vigie.d/* $(DOCDIR)/examples/datadog/vigie.d/
0644 deploy/datadog/monitors/* $(DOCDIR)/examples/datadog/monitors/
0644 deploy/cloudwatch/* $(DOCDIR)/examples/cloudwatch/
0644 deploy/powerbi/* $(DOCDIR)/examples/powerbi/
0644 deploy/vigie.yml $(DOCDIR)/examples/vigie.yml
$(LICENCES)
endef
# Where there is libcurl.
ifneq ($(PUSH_PROGRAM),)
define PUSH_LIST
0755 $(O)/vigie-push $(SBINDIR)/vigie-push
0644 deploy/manual/vigie-push.8 $(MANDIR)/man8/
0644 $(O)/vigie-push.service $(UNITDIR)/vigie-push.service
endef
endif
# A variable, for who has another place for them.
define LICENCES
0644 LICENSE $(DOCDIR)/LICENSE
0644 LICENSES/BSD-2-Clause.txt $(DOCDIR)/LICENSES/BSD-2-Clause.txt
endef

# A unit names the program where it will be.
$(O)/vigie.service $(O)/vigie-push.service: $(O)/%.service: deploy/systemd/%.service FORCE
	$(Q)sed 's|/usr/local/sbin/|$(SBINDIR)/|' $< >$@

export INSTALL_LIST
install: $(O)/vigie $(PUSH_PROGRAM) $(O)/vigie.service $(O)/vigie-push.service manual
	$(Q)printf '%s\n' "$$INSTALL_LIST" | DESTDIR='$(DESTDIR)' deploy/install-list add

# The list has patterns of what was built.
uninstall: manual
	$(Q)printf '%s\n' "$$INSTALL_LIST" | DESTDIR='$(DESTDIR)' deploy/install-list remove

.PHONY: uninstall
