// SPDX-License-Identifier: GPL-2.0-only
// fleet - many hosts, one row each: where to look first.
local g = import '../lib/grafana.libsonnet';
local v = import '../lib/variables.libsonnet';

function(config)
  local q = (import '../lib/queries.libsonnet')(config);
  local host = '%s, instance' % config.clusterLabel;
  local perHost(metric, matchers='') = q.rate(metric, host, matchers);
  local top(expr) = g.query(q.top(config.topGroups, expr), '{{instance}}');
  local cpu = q.ratio(perHost('vigie_host_cpu_seconds_total'), q.sum('vigie_host_cpus', host));
  local pressure(resource) =
    perHost('vigie_host_pressure_seconds_total', 'resource="%s",stall="some"' % resource);
  local memory =
    q.ratio(q.sum('vigie_host_memory_bytes', host, 'kind="used"'),
            q.sum('vigie_host_memory_size_bytes', host));
  local up =
    'max by (%s) (up{%s,%s=~"$cluster",instance=~"$instance"})' %
    [host, config.upSelector, config.clusterLabel];
  local toHost = g.cellLink('this host', '/d/vigie-host?${datasource:queryparam}&${cluster:queryparam}&var-instance=${__value.raw}');

  g.dashboard(
    config,
    'vigie-fleet',
    'Hosts',
    'Many hosts, one row each.',
    [g.variables.datasource, v(config).cluster, v(config).instances],
    [
      { title: 'All hosts', panels: [
        g.stat('Hosts that answer', 'Targets that Prometheus reaches.', 'none', [g.now('sum(%s)' % up, 'up')]) + { w:: 4 },
        g.stat(
          'Hosts that do not answer',
          'Nobody watches them.',
          'none',
          [g.now('count(%s == 0)' % up, 'down')]
        ) + { fieldConfig+: { defaults+: { noValue: 'none' } } } + g.thresholds([g.good, g.badAt(1)]) + { w:: 4 },
        g.stat(
          'Active findings',
          'Of all these hosts, by rule.',
          'none',
          [g.now(q.sum('vigie_finding_active', 'rule') + ' > 0', '{{rule}}')]
        ) + g.sentence('nothing is wrong') + g.thresholds([g.good, g.badAt(1)]) + { w:: 16 },
        g.table(
          'Hosts',
          'Each host now; its name leads to its dashboard.',
          'none',
          [
            g.row(up),
            g.row(q.sum('vigie_finding_active', host)),
            g.row(cpu),
            g.row(pressure('cpu')),
            g.row(pressure('memory')),
            g.row(pressure('io')),
            g.row(memory),
            g.row(q.ratio(q.sum('vigie_host_load1', host), q.sum('vigie_host_cpus', host))),
            g.row(q.sum('vigie_self_overhead_ratio', host)),
            g.row(q.max('vigie_self_shed', host)),
            g.row('time() - %s' % q.max('vigie_host_boot_time_seconds', host)),
          ]
        ) + g.columns([
          ['instance', 'Host', 'string', toHost],
          [config.clusterLabel, 'Cluster', null],
          ['Value #A', 'Answers', 'bool_yes_no'],
          ['Value #B', 'Findings', 'none', g.coloured(3)],
          ['Value #C', 'CPU', 'percentunit', g.coloured(1)],
          ['Value #D', 'Waits for CPU', 'percentunit', g.coloured(1)],
          ['Value #E', 'Waits for memory', 'percentunit', g.coloured(1)],
          ['Value #F', 'Waits for storage', 'percentunit', g.coloured(1)],
          ['Value #G', 'Memory', 'percentunit', g.coloured(1)],
          ['Value #H', 'Load per CPU', 'none', g.coloured(4)],
          ['Value #I', 'vigie costs, of a core', 'percentunit'],
          ['Value #J', 'Sheds', 'bool_yes_no'],
          ['Value #K', 'Up for', 's'],
        ]) + g.sortedBy('Findings') + { h:: 14 },
      ] },
      { title: 'The busiest', panels: [
        g.timeseries('CPU', 'Part of all CPUs, of the busiest hosts.', 'percentunit', [top('(%s)' % cpu)]) + g.full,
        g.timeseries('Pressure: CPU', 'Part of the time in which some task waited for a CPU.', 'percentunit', [top(pressure('cpu'))]),
        g.timeseries('Pressure: memory', 'Part of the time in which some task waited for memory.', 'percentunit', [top(pressure('memory'))]),
        g.timeseries('Pressure: storage', 'Part of the time in which some task waited for storage.', 'percentunit', [top(pressure('io'))]),
        g.timeseries('Memory', 'Used, part of what the kernel manages.', 'percentunit', [top('(%s)' % memory)]) + g.full,
        g.timeseries(
          'Findings',
          'Active ones, by host and rule.',
          'none',
          [g.query(q.sum('vigie_finding_active', host + ', rule') + ' > 0', '{{instance}} {{rule}}')]
        ) + g.bars,
        g.timeseries(
          'Top units by CPU time, all hosts together',
          'In cores.',
          'none',
          [g.query(q.top(config.topGroups, q.rate('vigie_process_cpu_seconds_total', config.groupLabels[0])), '{{%s}}' % config.groupLabels[0])]
        ) + g.stacked + { w:: 12 },
        g.timeseries(
          'Top units by wait for a CPU, all hosts together',
          'Threads that wait, on average.',
          'none',
          [g.query(q.top(config.topGroups, '(%s)' % q.rateOfSum('vigie_process_run_queue_wait_seconds', config.groupLabels[0])), '{{%s}}' % config.groupLabels[0])]
        ) + g.stacked + { w:: 12 },
      ] },
    ]
  )
