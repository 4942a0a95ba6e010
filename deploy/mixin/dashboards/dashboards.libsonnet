// SPDX-License-Identifier: GPL-2.0-only
// dashboards - one file each.
{
  grafanaDashboards+:: {
    'vigie-delays.json': (import 'delays.libsonnet')($._config),
    'vigie-fleet.json': (import 'fleet.libsonnet')($._config),
    'vigie-group.json': (import 'group.libsonnet')($._config),
    'vigie-host.json': (import 'host.libsonnet')($._config),
    'vigie-self.json': (import 'self.libsonnet')($._config),
  },
}
