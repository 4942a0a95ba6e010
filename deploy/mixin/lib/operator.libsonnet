// SPDX-License-Identifier: GPL-2.0-only
// operator - the same for clusters with the Prometheus operator: rules and alerts as a PrometheusRule,
// and two ways to the pods, of which a cluster takes one.
{
  local o = $._config.operator,
  local metadata = { name: 'vigie', namespace: o.namespace, labels: o.labels },
  local secretKey(key) = { name: o.secret, key: key },
  local endpoint = {
    port: o.port,
    path: '/metrics',
    interval: o.interval,
    scheme: if o.tls then 'https' else 'http',
    relabelings: [
      { sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' },
    ],
  } + if o.tls then {
    authorization: { type: 'Bearer', credentials: secretKey('token') },
    tlsConfig: { ca: { secret: secretKey('ca.crt') }, serverName: o.serverName },
  } else {},
  local monitor(kind, endpoints) = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: kind,
    metadata: metadata,
    spec: {
      // It becomes the label job: "vigie", as the alerts expect.
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: o.labels },
      [endpoints]: [endpoint],
    },
  },

  prometheusOperator+:: {
    prometheusRule: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: metadata { labels+: o.ruleLabels },
      spec: { groups: $.prometheusRules.groups + $.prometheusAlerts.groups },
    },
    serviceMonitor: monitor('ServiceMonitor', 'endpoints'),
    podMonitor: monitor('PodMonitor', 'podMetricsEndpoints'),
  },
}
