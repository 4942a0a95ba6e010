// SPDX-License-Identifier: GPL-2.0-only
// self - vigie itself: what it costs, what it lost, what it left out.
local g = import '../lib/grafana.libsonnet';
local v = import '../lib/variables.libsonnet';

function(config)
  local q = (import '../lib/queries.libsonnet')(config);
  local own(name) = 'vigie_self_' + name;
  local perSecond(name, legend) = g.query(q.rate(own(name), ''), legend);
  local value(name, legend) = g.query(q.sum(own(name)), legend);

  g.dashboard(
    config,
    'vigie-self',
    'vigie itself',
    'What vigie costs, what it could not record, and what it left out to stay within its budget.',
    [g.variables.datasource, v(config).cluster, v(config).instance],
    [
      { title: 'Now', panels: [
        g.stat(
          'Overhead',
          "CPU time that vigie costs the host, of one core: its processes, and its probes in others' time.",
          'percentunit',
          [g.now(q.sum(own('overhead_ratio')), 'of one core')]
        ) + { w:: 4 },
        g.stat('Budget', 'What it may cost: --max-overhead. Nothing where that is off.', 'percentunit', [g.now(q.max(own('budget_ratio')), 'of one core')]) +
        { w:: 4 },
        g.stat(
          'Shed',
          'What is off now, as vigie cost more than it may; its metrics are absent meanwhile.',
          'none',
          [g.now(q.max(own('shed'), 'step') + ' == 1', '{{step}}')]
        ) + g.sentence('nothing is shed') + g.thresholds([g.good, g.badAt(1)]) + { w:: 4 },
        g.stat(
          'Configuration',
          'Whether what the files say is in force: of vigie.yml, and of the web configuration.',
          'bool_yes_no',
          [
            g.now(q.sum(own('config_last_reload_successful')), 'vigie.yml'),
            g.now(q.sum(own('web_config_last_reload_successful')), 'web'),
          ]
        ) + g.thresholds([{ color: 'red', value: null }, { color: 'green', value: 1 }]) + { w:: 4 },
        g.stat(
          'Helpers',
          'Whether the processes beside it live: who writes, who finds names, who answers for the past, who verifies passwords. A 0 is no fault where they are not needed.',
          'bool_yes_no',
          [
            g.now(q.sum(own('recording_up')), 'writer'),
            g.now(q.sum(own('names_up')), 'namer'),
            g.now(q.sum(own('history_up')), 'past'),
            g.now(q.sum(own('web_verifier_up')), 'verifier'),
          ]
        ) + { w:: 4 },
        g.table(
          'Version',
          'The program that serves the page.',
          'string',
          [g.row(q.series('vigie_build_info'))]
        ) + g.columns(
          [['instance', 'instance', null], ['version', 'version', null], ['revision', 'revision', null]],
          ['Value', '__name__', 'job', config.clusterLabel]
        ) + { w:: 4, h:: 4 },
      ] },
      { title: 'What it costs', panels: [
        g.timeseries(
          'Overhead and budget',
          'CPU time, of one core.',
          'percentunit',
          [
            g.query(q.sum(own('overhead_ratio'), 'part'), '{{part}}'),
            g.query(q.max(own('budget_ratio')), 'budget'),
          ]
        ) + g.stacked + g.lineOver('budget'),
        g.timeseries(
          'CPU time by part',
          'In cores. The daemon has snapshots and detection in it; the writer, the namer, who answers for the past and sessions are processes of their own.',
          'percentunit',
          [
            perSecond('cpu_seconds_total', 'daemon'),
            perSecond('snapshot_cpu_seconds_total', 'of it snapshots'),
            perSecond('detect_cpu_seconds_total', 'of it detection'),
            perSecond('recording_cpu_seconds_total', 'writer'),
            perSecond('names_cpu_seconds_total', 'namer'),
            perSecond('history_cpu_seconds_total', 'past'),
            perSecond('capture_cpu_seconds_total', 'sessions'),
          ]
        ),
        g.timeseries(
          'Memory',
          "Resident memory of the daemon, of the writer and of who answers for the past, what detection keeps of it, and the kernel's memory of BPF maps and programs.",
          'bytes',
          [
            value('resident_memory_bytes', 'daemon'),
            value('detect_memory_bytes', 'of it detection'),
            value('recording_resident_memory_bytes', 'writer'),
            value('history_resident_memory_bytes', 'past'),
            value('bpf_memory_bytes', 'BPF'),
          ]
        ),
        g.timeseries(
          'A snapshot and a page',
          'Wall time of one, on average.',
          's',
          [
            g.query(q.ratio(q.rate(own('snapshot_seconds_total'), ''), q.rate(own('snapshots_total'), '')), 'snapshot'),
            g.query(q.ratio(q.rate(own('render_seconds_total'), ''), q.rate(own('renders_total'), '')), 'page'),
          ]
        ),
        g.timeseries(
          'Snapshots, pages, scrapes',
          'Scrapers that arrive together share a page.',
          'cps',
          [
            perSecond('snapshots_total', 'snapshots'),
            perSecond('renders_total', 'pages'),
            perSecond('scrapes_total', 'scrapes'),
            perSecond('scrape_errors_total', 'failed scrapes'),
          ]
        ),
        g.timeseries(
          'Time in each BPF program',
          'While kernel.bpf_stats_enabled is on; else there is nothing here.',
          'percentunit',
          [g.query(q.rate(own('probe_seconds_total'), 'program'), '{{program}}')]
        ) + g.stacked,
        g.timeseries(
          'A run of each BPF program',
          'On average, with 60 to 85 ns of the statistics themselves; while kernel.bpf_stats_enabled is on.',
          's',
          [g.query(q.ratio(q.rate(own('probe_seconds_total'), 'program'), q.rate(own('probe_runs_total'), 'program')), '{{program}}')]
        ),
        g.timeseries(
          'What the probes saw',
          'A second.',
          'cps',
          [g.query(q.rate(own('events_total'), 'kind'), '{{kind}}')]
        ),
        g.timeseries(
          'Threads',
          'Read in the last snapshot; without state, as the kernel had no memory for it; ended, and their last totals are on the way.',
          'none',
          [
            value('tasks', 'read'),
            value('untracked_tasks', 'without state'),
            value('unfreed_tasks', 'ended'),
          ]
        ),
      ] },
      { title: 'What it lost', panels: [
        g.timeseries(
          'Losses by cause',
          'docs/metrics.md says what each one costs.',
          'none',
          [g.query(q.increase(own('losses_total'), 'cause'), '{{cause}}')]
        ) + g.bars,
        g.timeseries(
          'Snapshots that were not recorded',
          'By cause.',
          'none',
          [g.query(q.increase(own('recording_lost_total'), 'cause'), '{{cause}}')]
        ) + g.bars,
        g.timeseries(
          'Other losses',
          'Lines of the log that no disk took; evidence of findings that could not be kept; findings that were too many; connections turned away.',
          'none',
          [
            g.query(q.increase(own('log_lines_lost_total'), ''), 'log lines'),
            g.query(q.increase(own('incidents_dropped_total'), ''), 'incidents'),
            g.query(q.increase(own('incident_entries_dropped_total'), ''), 'snapshots of incidents'),
            g.query(q.increase(own('findings_suppressed_total'), ''), 'findings'),
            g.query(q.increase(own('connections_refused_total'), ''), 'connections'),
          ]
        ) + g.bars,
        g.timeseries(
          'Runs of a BPF program that the kernel skipped',
          'By program; of programs that have any.',
          'none',
          [g.query(q.increase(own('probe_runs_missed_total'), 'program'), '{{program}}')]
        ) + g.bars,
        g.timeseries(
          'Sleep that the kernel counts as waiting',
          'What vigie takes out of the wait for a CPU; of moved threads from Linux 6.12 on. Threads, on average.',
          'none',
          [perSecond('run_delay_corrected_seconds_total', 'corrected')]
        ),
        g.table(
          'What this kernel or this configuration cannot give',
          'And why: `vigie doctor` has the remedy.',
          'string',
          [g.row(q.series(own('missing')))]
        ) + g.columns(
          [['field', 'field', null], ['reason', 'reason', null]],
          ['Value', '__name__', 'job', 'instance', config.clusterLabel]
        ) + { w:: 8 },
      ] },
      { title: 'What it left out', panels: [
        g.timeline(
          'Shed',
          'When each step was off.',
          [g.query(q.max(own('shed'), 'step'), '{{step}}')],
          []
        ) + { w:: 8 },
        g.timeseries(
          'Time shed',
          'Part of the time for which each step was off.',
          'percentunit',
          [g.query(q.rate(own('shed_seconds_total'), 'step'), '{{step}}')]
        ) + g.full,
        g.timeseries(
          'Groups',
          'Remembered, and with series of their own; units whose cgroup has no known form.',
          'none',
          [
            value('groups', 'remembered'),
            value('groups_exposed', 'on the page'),
            value('units_guessed', 'units guessed'),
          ]
        ),
        g.timeseries(
          'Groups that come and go',
          'Increments that went to (all other processes) as no more groups could be remembered: --max-groups.',
          'none',
          [
            g.query(q.increase(own('groups_promoted_total'), ''), 'promoted'),
            g.query(q.increase(own('groups_ended_total'), ''), 'ended'),
            g.query(q.increase(own('groups_folded_total'), ''), 'folded increments'),
          ]
        ) + g.bars,
        g.timeseries(
          'The table of the dead',
          'Entries at the last snapshot, and how many it can hold.',
          'none',
          [
            value('retired_keys', 'entries'),
            value('retired_keys_limit', 'limit'),
          ]
        ),
        g.timeseries(
          'Series that detection watches',
          'And findings whose pattern a verdict calls benign.',
          'none',
          [
            value('detect_series', 'series'),
            g.query(q.increase(own('findings_silenced_total'), ''), 'silenced findings'),
          ]
        ),
      ] },
      { title: 'History, log, evidence, access', panels: [
        g.timeseries(
          'History on the disk',
          'What it takes now.',
          'bytes',
          [value('recording_disk_bytes', 'history')]
        ),
        g.timeseries(
          'Written to the history',
          'Bytes and snapshots a second.',
          'Bps',
          [
            perSecond('recording_written_bytes_total', 'bytes'),
            perSecond('recording_entries_total', 'snapshots'),
          ]
        ),
        g.timeseries(
          'Events handed to the log',
          'By level.',
          'cps',
          [g.query(q.rate(own('log_events_total'), 'level'), '{{level}}')]
        ) + g.stacked,
        g.timeseries(
          'Evidence',
          'Folders that were begun, and profiling sessions that findings asked for, by outcome.',
          'none',
          [
            g.query(q.increase(own('incidents_total'), ''), 'incidents'),
            g.query(q.increase(own('captures_total'), 'outcome'), 'session {{outcome}}'),
          ]
        ) + g.bars,
        g.timeseries(
          'Names of containers',
          'Questions, by outcome.',
          'none',
          [g.query(q.increase(own('name_lookups_total'), 'outcome'), '{{outcome}}')]
        ) + g.bars,
        g.timeseries(
          'Refused by the web configuration',
          'Requests and handshakes by reason, and changes of the configuration that were not taken.',
          'none',
          [
            g.query(q.increase(own('web_denied_total'), 'reason'), '{{reason}}'),
            g.query(q.increase(own('web_config_reload_failures_total'), ''), 'configuration'),
          ]
        ) + g.bars,
      ] },
    ]
  )
