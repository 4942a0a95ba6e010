// SPDX-License-Identifier: GPL-2.0-only
// render - the files below deploy/ that are made of the mixin; deploy/mixin/render writes them.
local mixin = import 'mixin.libsonnet';

// {path: value}
{
  yaml: {
    'prometheus/vigie-rules.yml': {
      what: 'Alerts on what vigie finds and on vigie itself, and recording rules. `vigie explain` on the host\ntells the story of a finding; docs/rules.md has each rule and what to do.',
      value: { groups: mixin.prometheusRules.groups + mixin.prometheusAlerts.groups },
    },
    'prometheus-operator/prometheusrule.yml': {
      what: 'prometheus/vigie-rules.yml for clusters with the Prometheus operator.',
      value: mixin.prometheusOperator.prometheusRule,
    },
    'prometheus-operator/servicemonitor.yml': {
      what: 'Scrapes the pods behind a service with this label. Either this or podmonitor.yml.',
      value: mixin.prometheusOperator.serviceMonitor,
    },
    'prometheus-operator/podmonitor.yml': {
      what: 'Scrapes pods with this label, without a service. Either this or servicemonitor.yml.',
      value: mixin.prometheusOperator.podMonitor,
    },
  },
  json: {
    ['grafana/dashboards/' + name]: mixin.grafanaDashboards[name]
    for name in std.objectFields(mixin.grafanaDashboards)
  },
}
