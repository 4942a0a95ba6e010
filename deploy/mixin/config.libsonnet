// SPDX-License-Identifier: GPL-2.0-only
// config - what differs from site to site. Override it: (import 'mixin.libsonnet') { _config+:: { … } }.
{
  _config+:: {
    // Goes into every selector of a vigie_* series, such as 'job="vigie"'. Empty: all of them.
    vigieSelector: '',
    // Which targets are hosts that vigie should watch.
    upSelector: 'job="vigie"',
    // The label that tells clusters apart. No harm where no series has it.
    clusterLabel: 'cluster',
    // The labels of a group: what --group-by says.
    groupLabels: ['unit', 'comm'],

    // Findings of these rules are leads, and no alerts.
    findingsNotAlertedOn: 'departure-.*',
    // Over what time a growth is looked for.
    alertWindow: '10m',
    downFor: '2m',
    refusedFor: '5m',
    recordingFailsFor: '5m',
    shedsFor: '15m',

    // Where the page of a host is, for links in alerts; %(at)s is the moment, in Unix seconds. The scheme:
    // 'https' where vigie has a web configuration with a certificate.
    pageScheme: 'http',
    pageUrl: '%(scheme)s://{{ $labels.instance }}/#t=%(at)s',
    // What to run on a host that does not answer. Where vigie is a DaemonSet, kubectl's.
    downCommand: 'systemctl status vigie; journalctl -u vigie -n 50',
    // Such as 'https://grafana.example.org': alerts link to the dashboard of the host, too.
    grafanaUrl: null,

    dashboardNamePrefix: 'vigie / ',
    dashboardTags: ['vigie-mixin'],
    dashboardRefresh: '30s',
    // The longest lists that a panel shows.
    topGroups: 10,
    topPairs: 30,

    // The Prometheus operator's resources.
    operator: {
      namespace: 'vigie',
      labels: { 'app.kubernetes.io/name': 'vigie' },
      // By what a Prometheus of kube-prometheus finds its rules.
      ruleLabels: { prometheus: 'k8s', role: 'alert-rules' },
      port: 'metrics',
      interval: '15s',
      // As in deploy/kubernetes/daemonset.yaml: plain HTTP within the cluster, by --allow-insecure. With
      // --web.config.file (docs/web-config.md): true, and these are what a scrape needs.
      tls: false,
      secret: 'vigie-scrape',
      serverName: 'vigie',
    },
  },
}
