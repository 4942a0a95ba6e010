// SPDX-License-Identifier: GPL-2.0-only
// alerts - on what vigie finds, and on vigie itself. `vigie explain` on the host tells the story of a
// finding; docs/rules.md has each rule and what to do.
{
  local c = $._config,
  // The moment of the evaluation. While an alert is firing it is the last one.
  local at = '{{ with query "time()" }}{{ . | first | value | printf "%.0f" }}{{ end }}',
  local atMs = function(offset)
    '{{ with query "(time() %s) * 1000" }}{{ . | first | value | printf "%%.0f" }}{{ end }}' % offset,

  local series = (import '../lib/series.libsonnet')(c.vigieSelector),
  // By host, and by what else tells alerts of one host apart.
  local by(label='') = std.join(', ', [l for l in [c.clusterLabel, 'instance', label] if l != '']),
  local grown(metric, label='', matchers='') =
    'sum by (%s) (increase(%s[%s])) > 0\n' % [by(label), series(metric, matchers), c.alertWindow],

  // increase() extrapolates: of a count, no fractions.
  local rounded = '{{ $value | printf "%.0f" }}',

  local alert(name, severity, expr, summary, description, forTime=null) = {
    alert: name,
    expr: expr,
    [if forTime != null then 'for']: forTime,
    labels: { severity: severity },
    annotations: {
      summary: '{{ $labels.instance }}: ' + summary,
      description: description,
    },
  },
  // Of a host that answers: what it was like at that moment.
  local withLinks(a) = a {
    annotations+: {
      page_url: c.pageUrl % { scheme: c.pageScheme, at: at },
      command: 'vigie once --at @' + at,
      [if c.grafanaUrl != null then 'dashboard_url']:
        '%s/d/vigie-host?var-instance={{ $labels.instance }}&from=%s&to=%s' %
        [c.grafanaUrl, atMs('- 1800'), atMs('+ 300')],
    },
  },

  prometheusAlerts+:: {
    groups+: [{
      name: 'vigie',
      rules: std.map(withLinks, [
        alert(
          'VigieFinding',
          'warning',
          'sum by (%s) (%s) > 0\n' %
          [by('rule'), series('vigie_finding_active', 'rule!~"%s"' % c.findingsNotAlertedOn)],
          '{{ $labels.rule }}',
          '{{ $value }} active; on the host: vigie explain',
        ),
        alert(
          'VigieOomKill',
          'critical',
          grown('vigie_findings_total', matchers='rule="oom-kill"'),
          'killed for lack of memory',
          'on the host: vigie explain; the incident holds the minutes before',
        ),
        alert(
          'VigieRecordingFails',
          'warning',
          grown('vigie_self_recording_lost_total', 'cause'),
          'vigie cannot record: {{ $labels.cause }}',
          '%s snapshots in %s are not on the disk' % [rounded, c.alertWindow],
          c.recordingFailsFor,
        ),
        alert(
          'VigieLogLosesLines',
          'warning',
          grown('vigie_self_log_lines_lost_total'),
          "vigie's log loses lines",
          'the disk takes nothing, and what waits no longer fits',
        ),
        alert(
          'VigieLosesData',
          'warning',
          grown('vigie_self_losses_total', 'cause', 'cause=~"state_alloc|ring_full|record_unreadable"'),
          'vigie loses {{ $labels.cause }}',
          'docs/metrics.md says what that costs',
        ),
        alert(
          'VigieWebConfigRefused',
          'warning',
          series('vigie_self_web_config_last_reload_successful') + ' == 0\n',
          'the web configuration is not in force',
          'what was before stays; the log says what is wrong with the file, or with a certificate',
          c.refusedFor,
        ),
        alert(
          'VigieConfigRefused',
          'warning',
          series('vigie_self_config_last_reload_successful') + ' == 0\n',
          'vigie.yml is not in force',
          'what was before stays; vigie serve --check-config says what is wrong',
          c.refusedFor,
        ),
        alert(
          'VigieSheds',
          'warning',
          'max by (%s) (%s) == 1\n' % [by(), series('vigie_self_shed')],
          'vigie costs more than it may',
          'some of its metrics are absent meanwhile: vigie_self_shed, --max-overhead',
          c.shedsFor,
        ),
        alert(
          'VigieScrapeErrors',
          'warning',
          grown('vigie_self_scrape_errors_total'),
          'vigie cannot make its page',
          '%s scrapes in %s failed for a fault of vigie: its log has the error' % [rounded, c.alertWindow],
        ),
      ]) + [
        alert(
          'VigieDown',
          'critical',
          'up{%s} == 0\n' % c.upSelector,
          'vigie does not answer',
          'nobody watches this host',
          c.downFor,
        ) + { annotations+: { command: c.downCommand } },
      ],
    }],
  },
}
