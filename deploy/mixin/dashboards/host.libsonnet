// SPDX-License-Identifier: GPL-2.0-only
// host - one host: first what is wrong there, then CPU, waiting, memory, and which groups it is.
local g = import '../lib/grafana.libsonnet';
local v = import '../lib/variables.libsonnet';

function(config)
  local q = (import '../lib/queries.libsonnet')(config);
  local wait = 'vigie_process_run_queue_wait_seconds';
  local cpus = 'on () group_left () %s' % q.sum('vigie_host_cpus');
  local perGroup(metric, matchers='') = q.rate(metric, q.groups, matchers);
  local top(expr) = g.query(q.top(config.topGroups, expr), q.groupLegend);
  local resident = q.sum('vigie_process_resident_memory_bytes', q.groups, 'kind!="hugetlb"');
  local bytes = perGroup('vigie_process_read_bytes_total') + '\n+\n' + perGroup('vigie_process_written_bytes_total');
  local toGroup = g.cellLink(
    'everything of this group',
    '/d/vigie-group?${datasource:queryparam}&${cluster:queryparam}&${instance:queryparam}&' +
    std.join('&', ['var-%s=${__data.fields.%s}' % [l, l] for l in config.groupLabels])
  );

  g.dashboard(
    config,
    'vigie-host',
    'Host',
    'What is wrong on a host, who waits for what, and who uses what.',
    [g.variables.datasource, v(config).cluster, v(config).instance],
    [
      { title: 'What is wrong', panels: [
        g.stat(
          'Active findings',
          'Rules whose condition holds now, and how many of their findings are active. On the host, `vigie explain` has the story of each: who, since when, because of whom, and what to do.',
          'none',
          [g.now(q.sum('vigie_finding_active', 'rule') + ' > 0', '{{rule}}')]
        ) + g.sentence('nothing is wrong') + g.thresholds([g.good, g.badAt(1)]) + { w:: 10, h:: 6 },
        g.stat(
          'Who waits most for a CPU because of whom',
          'Of the waits for a CPU of a millisecond and more: the pair that lost most time to each other, as part of the time.',
          'percentunit',
          [g.now(q.top(1, q.rate('vigie_delay_seconds_total', 'victim, culprit')), '{{victim}} waits because of {{culprit}}')]
        ) + g.sentence('nobody waits long') + g.thresholds([g.good, g.warnAt(0.1), g.badAt(0.5)]) + { w:: 14, h:: 6 },
        g.timeline(
          'Findings over time',
          'When each rule had an active finding.',
          [g.query(q.sum('vigie_finding_active', 'rule'), '{{rule}}')],
          []
        ) + { w:: 16, h:: 9 },
        g.timeseries(
          'Findings that began',
          'By rule; those of patterns that a verdict calls benign are not counted.',
          'none',
          [g.query(q.increase('vigie_findings_total', 'rule'), '{{rule}}')]
        ) + g.bars + { h:: 9 },
      ] },
      { title: 'CPU', panels: [
        g.timeseries(
          'CPU by mode',
          'Part of all CPUs. User has nice and guest in it, system has interrupts.',
          'percentunit',
          [
            g.query(q.ratio(q.rate('vigie_host_cpu_seconds_total', 'mode'), cpus), '{{mode}}'),
            g.query(q.ratio(q.rate('vigie_host_steal_cpu_seconds_total', ''), cpus), 'steal'),
            g.query(q.ratio(q.rate('vigie_host_idle_cpu_seconds_total', '', 'kind="iowait"'), cpus), 'iowait'),
          ]
        ) + g.stacked + g.full,
        g.timeseries(
          'Top groups by CPU time',
          'In cores; children that lived for a moment are in it.',
          'none',
          [top(perGroup('vigie_process_cpu_seconds_total'))]
        ) + g.stacked,
        g.timeseries(
          'Pressure',
          "Part of the time in which some tasks, or all that were not idle (full), waited for a CPU, memory or storage: the kernel's own figures.",
          'percentunit',
          [g.query(q.rate('vigie_host_pressure_seconds_total', 'resource, stall'), '{{resource}} {{stall}}')]
        ),
        g.timeseries(
          'Load',
          'Load averages, tasks that run or could, and CPUs online.',
          'none',
          [
            g.query(q.sum('vigie_host_load1'), 'load, 1 min'),
            g.query(q.sum('vigie_host_load5'), 'load, 5 min'),
            g.query(q.sum('vigie_host_load15'), 'load, 15 min'),
            g.query(q.sum('vigie_host_tasks', 'state'), '{{state}}'),
            g.query(q.sum('vigie_host_cpus'), 'CPUs'),
          ]
        ),
        g.timeseries(
          'Who has the CPU time',
          'In cores. The books balance: what groups on the page used, those whose series have ended, and what no process was charged with (interrupts) is all that the host used.',
          'none',
          [
            g.query(q.rate('vigie_process_cpu_seconds_total', ''), 'groups'),
            g.query(q.rate('vigie_retired_cpu_seconds_total', ''), 'ended groups'),
            g.query(q.rate('vigie_unattributed_cpu_seconds_total', ''), 'nobody'),
            g.query(q.rate('vigie_host_cpu_seconds_total', ''), 'host'),
          ]
        ) + g.stacked + g.lineOver('host'),
        g.timeseries(
          'Switches and new tasks',
          'Of the whole host, a second; new threads are new tasks.',
          'cps',
          [
            g.query(q.rate('vigie_host_context_switches_total', ''), 'context switches'),
            g.query(q.rate('vigie_host_forks_total', ''), 'new tasks'),
          ]
        ),
      ] },
      { title: 'Waiting', panels: [
        g.heatmap(
          'Run-queue latency',
          'How long threads that could run waited for a CPU: how many waits of which length a second. Bounds are powers of four.',
          q.buckets(wait),
          q.native(wait)
        ),
        g.timeseries(
          'Run-queue latency, quantiles',
          'Of all waits for a CPU on the host.',
          's',
          [
            g.query(q.quantile('0.5', wait), '50 %'),
            g.query(q.quantile('0.9', wait), '90 %'),
            g.query(q.quantile('0.99', wait), '99 %'),
          ]
        ) + { w:: 6 },
        g.timeseries(
          'Time slices, quantiles',
          'How long a thread had a CPU from being switched in to being switched out.',
          's',
          [
            g.query(q.quantile('0.5', 'vigie_time_slice_seconds'), '50 %'),
            g.query(q.quantile('0.99', 'vigie_time_slice_seconds'), '99 %'),
          ]
        ) + { w:: 6 },
        g.timeseries(
          'Waiting and blocked, by reason',
          'Threads, on average: those that wait for a CPU, and those off the CPU that do not merely sleep, by reason. Memory is time to make room for it, where the kernel has PSI.',
          'none',
          [
            g.query(q.rateOfSum(wait, ''), 'for a CPU'),
            g.query(q.rate('vigie_process_off_cpu_seconds_total', 'reason', 'reason!="sleep"'), '{{reason}}'),
          ]
        ) + g.stacked,
        g.timeseries(
          'Top groups by wait for a CPU',
          'Threads that wait, on average.',
          'none',
          [top('(%s)' % q.rateOfSum(wait, q.groups))]
        ) + g.stacked,
        g.timeseries(
          'Top groups blocked on storage',
          'Threads that wait for storage, on average.',
          'none',
          [top(perGroup('vigie_process_off_cpu_seconds_total', 'reason="disk"'))]
        ) + g.stacked,
      ] },
      { title: 'Memory', panels: [
        g.timeseries(
          'Memory',
          'Used and available together are what the kernel manages.',
          'bytes',
          [
            g.query(q.sum('vigie_host_memory_bytes', 'kind'), '{{kind}}'),
            g.query(q.sum('vigie_host_memory_size_bytes'), 'size'),
          ]
        ) + g.stacked + g.lineOver('size'),
        g.timeseries(
          'Top groups by resident memory',
          'Of the living processes; pages that processes share are counted in each.',
          'bytes',
          [top(resident)]
        ) + g.stacked,
        g.timeseries(
          'Memory stalls',
          'Threads that make room for an allocation instead of working, on average: by reclaim, reclaim in a cgroup at its limit, and compaction.',
          'none',
          [g.query(q.rate('vigie_process_memory_stall_seconds_total', 'cause'), '{{cause}}')]
        ) + g.stacked,
        g.timeseries(
          'Swap',
          'What is swapped out, and what goes in and out a second.',
          'bytes',
          [
            g.query(q.sum('vigie_host_swap_bytes', '', 'kind="used"'), 'used'),
            g.query(q.rate('vigie_host_swapped_in_bytes_total', ''), 'in, a second'),
            g.query(q.rate('vigie_host_swapped_out_bytes_total', ''), 'out, a second'),
          ]
        ),
        g.timeseries(
          'Page faults',
          'A major one had to read from storage.',
          'cps',
          [g.query(q.rate('vigie_process_page_faults_total', 'kind'), '{{kind}}')]
        ),
        g.timeseries(
          'Killed for want of memory',
          'By unit.',
          'none',
          [g.query(q.increase('vigie_unit_oom_kills_total', 'unit'), '{{unit}}')]
        ) + g.bars,
      ] },
      { title: 'Storage and processes', panels: [
        g.timeseries(
          'Bytes from and to storage',
          'Of all processes.',
          'Bps',
          [
            g.query(q.rate('vigie_process_read_bytes_total', ''), 'read'),
            g.query(q.rate('vigie_process_written_bytes_total', ''), 'written'),
          ]
        ),
        g.timeseries(
          'Top groups by bytes from and to storage',
          'Read and written together.',
          'Bps',
          [top('(%s)' % bytes)]
        ) + g.stacked,
        g.timeseries(
          'Processes that begin and end',
          'A second; ends by status 0 (normal), another status (error), or a signal.',
          'cps',
          [
            g.query(q.rate('vigie_process_starts_total', ''), 'begin'),
            g.query(q.rate('vigie_process_exits_total', 'how'), 'end: {{how}}'),
          ]
        ),
        g.table(
          'Groups',
          'Each group now; a name leads to everything of it. Waits are threads on average: 1 is one thread all the time.',
          'none',
          [
            g.row(perGroup('vigie_process_cpu_seconds_total')),
            g.row(q.rateOfSum(wait, q.groups)),
            g.row(perGroup('vigie_process_off_cpu_seconds_total', 'reason="disk"')),
            g.row(perGroup('vigie_process_memory_stall_seconds_total')),
            g.row(resident),
            g.row(bytes),
            g.row(q.sum('vigie_process_processes', q.groups)),
          ]
        ) + g.columns(
          [[label, label, 'string', toGroup] for label in config.groupLabels] + [
            ['Value #A', 'CPU', 'percentunit', g.coloured(1)],
            ['Value #B', 'Waits for a CPU', 'percentunit', g.coloured(1)],
            ['Value #C', 'Waits for storage', 'percentunit', g.coloured(1)],
            ['Value #D', 'Stalls for memory', 'percentunit', g.coloured(1)],
            ['Value #E', 'Resident', 'bytes'],
            ['Value #F', 'Storage', 'Bps'],
            ['Value #G', 'Processes', 'none'],
          ]
        ) + g.sortedBy('CPU') + { h:: 14 },
      ] },
    ],
    [{
      name: 'Findings',
      datasource: g.datasource,
      enable: true,
      hide: false,
      iconColor: 'red',
      expr: q.sum('vigie_finding_active', 'rule') + ' > 0',
      step: '15s',
      titleFormat: '{{rule}}',
    }]
  )
