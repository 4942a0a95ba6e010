// SPDX-License-Identifier: GPL-2.0-only
// group - one unit or command of a host, or some of them together: everything that is known.
local g = import '../lib/grafana.libsonnet';
local v = import '../lib/variables.libsonnet';

function(config)
  local queries = import '../lib/queries.libsonnet';
  local chosen = ['%s=~"$%s"' % [label, label] for label in config.groupLabels];
  local q = queries(config, std.join(',', chosen));
  // The cgroup's own figures: of the unit, whatever else the group is.
  local unit = queries(config, 'unit=~"$unit"');
  local host = queries(config);
  local wait = 'vigie_process_run_queue_wait_seconds';
  // As --group-by has them, with a slash between.
  local party(label) = '%s=~"%s"' % [label, std.join('/', ['$' + l for l in config.groupLabels])];
  local byUnit = std.member(config.groupLabels, 'unit');

  local processes = [
    { title: 'Now', panels: [
      g.stat('CPU', 'In cores.', 'none', [g.now(q.rate('vigie_process_cpu_seconds_total', ''), 'cores')]) + { w:: 4 },
      g.stat(
        'Waits for a CPU',
        'Threads that could run and wait, on average.',
        'none',
        [g.now(q.rateOfSum(wait, ''), 'threads')]
      ) + g.thresholds([g.good, g.warnAt(0.5), g.badAt(2)]) + { w:: 4 },
      g.stat(
        'Waits for storage',
        'Threads that wait for it, on average.',
        'none',
        [g.now(q.rate('vigie_process_off_cpu_seconds_total', '', 'reason="disk"'), 'threads')]
      ) + g.thresholds([g.good, g.warnAt(0.5), g.badAt(2)]) + { w:: 4 },
      g.stat(
        'Stalls for memory',
        'Threads that make room instead of working, on average.',
        'none',
        [g.now(q.rate('vigie_process_memory_stall_seconds_total', ''), 'threads')]
      ) + g.thresholds([g.good, g.warnAt(0.1), g.badAt(0.5)]) + { w:: 4 },
      g.stat(
        'Resident memory',
        'Of the living processes.',
        'bytes',
        [g.now(q.sum('vigie_process_resident_memory_bytes', '', 'kind!="hugetlb"'), 'resident')]
      ) + { w:: 4 },
      g.stat(
        'Processes',
        'Living ones, and their threads.',
        'none',
        [
          g.now(q.sum('vigie_process_processes'), 'processes'),
          g.now(q.sum('vigie_process_threads'), 'threads'),
        ]
      ) + { w:: 4 },
    ] },
    { title: 'Where the time goes', panels: [
      g.timeseries(
        'Time of its threads',
        'Threads in each state, on average: a second of a thread is in exactly one of them. Sleep is left out.',
        'none',
        [
          g.query(q.rate('vigie_process_cpu_seconds_total', ''), 'on a CPU'),
          g.query(q.rateOfSum(wait, ''), 'waits for a CPU'),
          g.query(q.rate('vigie_process_off_cpu_seconds_total', 'reason', 'reason!="sleep"'), '{{reason}}'),
        ]
      ) + g.stacked + { w:: 12 },
      g.timeseries(
        'CPU time by mode',
        'In cores; children that lived for a moment are in it.',
        'none',
        [g.query(q.rate('vigie_process_cpu_seconds_total', 'mode'), '{{mode}}')]
      ) + g.stacked + { w:: 6 },
      g.timeseries(
        'Sleep',
        'Threads that sleep, on average.',
        'none',
        [g.query(q.rate('vigie_process_off_cpu_seconds_total', '', 'reason="sleep"'), 'sleep')]
      ) + { w:: 6 },
      g.heatmap(
        'Run-queue latency',
        'How long its threads waited for a CPU when they could run: how many waits of which length a second.',
        q.buckets(wait),
        q.native(wait)
      ),
      g.timeseries(
        'Run-queue latency, quantiles',
        'Of its waits for a CPU.',
        's',
        [
          g.query(q.quantile('0.5', wait), '50 %'),
          g.query(q.quantile('0.9', wait), '90 %'),
          g.query(q.quantile('0.99', wait), '99 %'),
        ]
      ) + { w:: 6 },
      g.timeseries(
        'Waits for a CPU',
        'How many a second.',
        'cps',
        [g.query(q.rateOfCount(wait, ''), 'waits')]
      ) + { w:: 6 },
      g.timeseries(
        'Because of whom it waits for a CPU',
        'Threads that wait, on average, by who had the CPU before; waits of a millisecond and more, of the largest pairs of the host.',
        'none',
        [g.query(host.top(config.topGroups, host.rate('vigie_delay_seconds_total', 'culprit', party('victim'))), '{{culprit}}')]
      ) + g.stacked + { w:: 12 },
      g.timeseries(
        'Who waits for a CPU because of it',
        'The same, by who waited.',
        'none',
        [g.query(host.top(config.topGroups, host.rate('vigie_delay_seconds_total', 'victim', party('culprit'))), '{{victim}}')]
      ) + g.stacked + { w:: 12 },
      g.timeseries(
        'Context switches',
        'Voluntary: it had to wait for something; involuntary: another thread was to run.',
        'cps',
        [g.query(q.rate('vigie_process_context_switches_total', 'kind'), '{{kind}}')]
      ) + { w:: 12 },
      g.timeseries(
        'Migrations',
        'Moves of its threads to another CPU.',
        'cps',
        [g.query(q.rate('vigie_process_migrations_total', ''), 'migrations')]
      ) + { w:: 12 },
    ] },
    { title: 'Memory', panels: [
      g.timeseries(
        'Resident memory by kind',
        'Of the living processes; pages that processes share are counted in each. The peak is the highest between scrapes, too.',
        'bytes',
        [
          g.query(q.sum('vigie_process_resident_memory_bytes', 'kind'), '{{kind}}'),
          g.query(q.sum('vigie_process_resident_memory_peak_bytes'), 'peak'),
        ]
      ) + g.stacked + g.lineOver('peak'),
      g.timeseries(
        'Swapped out',
        'Of the living processes.',
        'bytes',
        [g.query(q.sum('vigie_process_swap_bytes'), 'swapped out')]
      ) + { w:: 4 },
      g.timeseries(
        'Memory stalls',
        'Threads that make room for an allocation, on average.',
        'none',
        [g.query(q.rate('vigie_process_memory_stall_seconds_total', 'cause'), '{{cause}}')]
      ) + g.stacked + { w:: 4 },
      g.timeseries(
        'Page faults',
        'A major one had to read from storage.',
        'cps',
        [g.query(q.rate('vigie_process_page_faults_total', 'kind'), '{{kind}}')]
      ) + { w:: 4 },
      g.timeseries(
        'Killed for want of memory',
        'Processes.',
        'none',
        [g.query(q.increase('vigie_process_oom_kills_total', ''), 'killed')]
      ) + g.bars + { w:: 4 },
    ] },
    { title: 'Storage and processes', panels: [
      g.timeseries(
        'Bytes from and to storage',
        'Fetched, and caused to be written.',
        'Bps',
        [
          g.query(q.rate('vigie_process_read_bytes_total', ''), 'read'),
          g.query(q.rate('vigie_process_written_bytes_total', ''), 'written'),
        ]
      ),
      g.timeseries(
        'Processes and threads',
        'Living ones.',
        'none',
        [
          g.query(q.sum('vigie_process_processes'), 'processes'),
          g.query(q.sum('vigie_process_threads'), 'threads'),
        ]
      ),
      g.timeseries(
        'Begin and end',
        'Processes and threads that began; processes that ended with status 0 (normal), another one (error), or by a signal.',
        'cps',
        [
          g.query(q.rate('vigie_process_starts_total', ''), 'processes begin'),
          g.query(q.rate('vigie_process_thread_starts_total', ''), 'threads begin'),
          g.query(q.rate('vigie_process_exits_total', 'how'), 'end: {{how}}'),
        ]
      ),
    ] },
  ];

  local cgroup = [
    { title: 'The unit by its cgroup', panels: [
      g.timeseries(
        'Memory of the unit by kind',
        'What its cgroup is charged with, each page once. File is page cache.',
        'bytes',
        [g.query(unit.sum('vigie_unit_memory_bytes', 'kind'), '{{kind}}')]
      ) + g.stacked,
      g.timeseries(
        'Memory of the unit and its limit',
        'The limit is the lowest of the cgroup and those above it; there is no line without one. The working set is what the kubelet evicts by.',
        'bytes',
        [
          g.query(unit.sum('vigie_unit_memory_charged_bytes'), 'charged'),
          g.query(unit.sum('vigie_unit_memory_working_set_bytes'), 'working set'),
          g.query(unit.sum('vigie_unit_memory_limit_bytes'), 'limit'),
        ]
      ),
      g.timeseries(
        'Pressure of the unit',
        'Part of the time in which some of its tasks, or all that were not idle (full), waited. Cgroup v2 only.',
        'percentunit',
        [g.query(unit.rate('vigie_unit_pressure_seconds_total', 'resource, stall'), '{{resource}} {{stall}}')]
      ),
      g.timeseries(
        'Throttled by its CPU quota',
        'Time that its quota took from it, in CPUs, and periods of the quota in which it was used up. Nothing without a quota.',
        'none',
        [
          g.query(unit.rate('vigie_unit_cpu_throttled_seconds_total', ''), 'throttled, CPUs'),
          g.query(
            q.ratio(unit.rate('vigie_unit_cpu_throttled_periods_total', ''),
                    unit.rate('vigie_unit_cpu_periods_total', '')),
            'periods, part'
          ),
        ]
      ),
      g.timeseries(
        'Tasks of the unit',
        'Threads, the dead that nobody waited for included, and their limit.',
        'none',
        [
          g.query(unit.sum('vigie_unit_tasks'), 'tasks'),
          g.query(unit.sum('vigie_unit_tasks_limit'), 'limit'),
        ]
      ),
      g.timeseries(
        'Killed in the unit for want of memory',
        'Processes.',
        'none',
        [g.query(unit.increase('vigie_unit_oom_kills_total', 'unit'), '{{unit}}')]
      ) + g.bars,
      g.table(
        'What the unit is',
        'The cgroup, and of a container its id, names and image.',
        'string',
        [g.row(unit.series('vigie_unit_info'))]
      ) + g.columns(
        [
          [label, label, null]
          for label in ['unit', 'cgroup', 'runtime', 'container_name', 'pod', 'namespace', 'image', 'container_id', 'pod_uid']
        ],
        ['Value', '__name__', 'job', 'instance', config.clusterLabel]
      ) + { h:: 6 },
    ] },
  ];

  g.dashboard(
    config,
    'vigie-group',
    'Group',
    'Everything about a unit, a command, or some of them together.',
    [g.variables.datasource, v(config).cluster, v(config).instance] + v(config).groups,
    processes + (if byUnit then cgroup else [])
  )
