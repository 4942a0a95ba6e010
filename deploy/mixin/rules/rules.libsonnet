// SPDX-License-Identifier: GPL-2.0-only
// rules - what is worth keeping longer than a hundred groups a host are: each host and each of its
// units, five minutes at a time. No dashboard needs them.
{
  local c = $._config,
  local series = (import '../lib/series.libsonnet')(c.vigieSelector),
  local over(metric) = series(metric) + '[5m]',
  local host = '%s, instance' % c.clusterLabel,
  local unit = '%s, instance, unit' % c.clusterLabel,
  prometheusRules+:: {
    groups+: [{
      name: 'vigie.rules',
      rules: [
        {
          record: 'instance:vigie_host_cpu_usage:ratio_rate5m',
          expr: |||
            sum by (%(by)s) (rate(%(cpu)s)) / sum by (%(by)s) (%(cpus)s)
          ||| % { by: host, cpu: over('vigie_host_cpu_seconds_total'), cpus: series('vigie_host_cpus') },
        },
        {
          record: 'instance_unit:vigie_process_cpu_seconds:rate5m',
          expr: 'sum by (%s) (rate(%s))\n' % [unit, over('vigie_process_cpu_seconds_total')],
        },
        {
          // Classic histograms, or native ones: only one of them has series.
          record: 'instance_unit:vigie_process_run_queue_wait_seconds:rate5m',
          expr: |||
            sum by (%(by)s) (rate(%(classic)s))
            or
            sum by (%(by)s) (histogram_sum(rate(%(native)s)))
          ||| % {
            by: unit,
            classic: over('vigie_process_run_queue_wait_seconds_sum'),
            native: over('vigie_process_run_queue_wait_seconds'),
          },
        },
        {
          record: 'instance_unit:vigie_process_run_queue_wait_seconds:p99_rate5m',
          expr: |||
            histogram_quantile(0.99, sum by (%(by)s, le) (rate(%(classic)s)))
            or
            histogram_quantile(0.99, sum by (%(by)s) (rate(%(native)s)))
          ||| % {
            by: unit,
            classic: over('vigie_process_run_queue_wait_seconds_bucket'),
            native: over('vigie_process_run_queue_wait_seconds'),
          },
        },
        {
          record: 'instance_unit:vigie_process_resident_memory_bytes:sum',
          expr: 'sum by (%s) (%s)\n' % [unit, series('vigie_process_resident_memory_bytes', 'kind!="hugetlb"')],
        },
      ],
    }],
  },
}
