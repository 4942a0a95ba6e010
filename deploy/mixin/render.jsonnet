// SPDX-License-Identifier: GPL-2.0-only
// render - the files below deploy/ that are made of the mixin: {path: text}. deploy/mixin/render
// writes them.
local mixin = import 'mixin.libsonnet';

local yaml(what, value) =
  '# SPDX-License-Identifier: GPL-2.0-only\n' +
  '# Made from deploy/mixin: edit that, then run `make mixin`.\n' +
  std.join('', ['# %s\n' % line for line in what]) +
  std.manifestYamlDoc(value, indent_array_in_object=true, quote_keys=false);

{
  'prometheus/vigie-rules.yml': yaml([
    'Alerts on what vigie finds and on vigie itself, and recording rules. `vigie explain` on the host',
    'tells the story of a finding; docs/rules.md has each rule and what to do.',
  ], { groups: mixin.prometheusRules.groups + mixin.prometheusAlerts.groups }),
  'prometheus-operator/prometheusrule.yml':
    yaml(['The same for clusters with the Prometheus operator.'], mixin.prometheusOperator.prometheusRule),
  'prometheus-operator/servicemonitor.yml': yaml([
    'Scrapes the pods behind a service whose label app.kubernetes.io/name is vigie. Either this or',
    'podmonitor.yml.',
  ], mixin.prometheusOperator.serviceMonitor),
  'prometheus-operator/podmonitor.yml':
    yaml(['Scrapes pods without a service. Either this or servicemonitor.yml.'], mixin.prometheusOperator.podMonitor),
} + {
  ['grafana/dashboards/' + name]: std.manifestJsonEx(mixin.grafanaDashboards[name], '  ')
  for name in std.objectFields(mixin.grafanaDashboards)
}
