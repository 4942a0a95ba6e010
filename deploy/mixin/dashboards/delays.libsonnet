// SPDX-License-Identifier: GPL-2.0-only
// delays - who delays whom: the waits for a CPU that are long enough to have a culprit.
local g = import '../lib/grafana.libsonnet';
local v = import '../lib/variables.libsonnet';

function(config)
  local q = (import '../lib/queries.libsonnet')(config);
  local other = '(all other processes)';
  local known = 'victim!="%s",culprit!="%s"' % [other, other];
  // Over all of the dashboard's time.
  local pairs = q.top(
    config.topPairs,
    'sum by (victim, culprit) (increase(%s[$__range])) > 0' % q.series('vigie_delay_seconds_total', known)
  );
  local named(expr, label) = 'label_replace(%s, "id", "$1", "%s", "(.*)")' % [expr, label];
  local waited = 'sum by (id) (%s)' % named(pairs, 'victim');
  local caused = 'sum by (id) (%s)' % named(pairs, 'culprit');

  g.dashboard(
    config,
    'vigie-delays',
    'Who delays whom',
    'Of each wait for a CPU of a millisecond and more (--slow-wait): who waited, and who had the CPU before. The 50 largest pairs of a host have names.',
    [g.variables.datasource, v(config).cluster, v(config).instance],
    [
      { title: 'Over all of the time shown', panels: [
        g.nodeGraph(
          'Who delays whom',
          'An arrow leads from who had the CPU to who waited for it, with the time waited. At a node: how long it waited itself.',
          's',
          '%s\nor\n0 * %s' % [waited, caused],
          'label_join(label_replace(label_replace(%s, "source", "$1", "culprit", "(.*)"), "target", "$1", "victim", "(.*)"), "id", " > ", "culprit", "victim")' % pairs
        ),
        g.table(
          'Matrix',
          'A row waited because of a column: seconds.',
          's',
          [g.row(pairs)]
        ) + {
          transformations: [
            { id: 'groupingToMatrix', options: {
              columnField: 'culprit',
              rowField: 'victim',
              valueField: 'Value',
              emptyValue: 'null',
            } },
          ],
          fieldConfig+: {
            defaults+: {
              min: 0,
              color: { mode: 'continuous-GrYlRd' },
              custom+: { cellOptions: { type: 'color-background', mode: 'gradient' } },
            },
            overrides+: [{
              matcher: { id: 'byName', options: 'victim\\culprit' },
              properties: [{ id: 'custom.cellOptions', value: { type: 'auto' } }],
            }],
          },
          h:: 14,
        },
        g.table(
          'Pairs',
          'The same as a list.',
          's',
          [g.row(pairs)]
        ) + g.columns([
          ['victim', 'Waited', null],
          ['culprit', 'Had the CPU', null],
          ['Value', 'Time', 's', g.background],
        ]) + g.sortedBy('Time') + { w:: 12, h:: 12 },
        g.bargauge(
          'Who waits most',
          'Time waited, because of all others.',
          's',
          [g.now('topk(%d, sum by (victim) (%s))' % [config.topGroups, pairs], '{{victim}}')]
        ) + { w:: 6, h:: 12 },
        g.bargauge(
          'Who makes others wait most',
          'Time that others waited because of it.',
          's',
          [g.now('topk(%d, sum by (culprit) (%s))' % [config.topGroups, pairs], '{{culprit}}')]
        ) + { w:: 6, h:: 12 },
      ] },
      { title: 'Over time', panels: [
        g.timeseries(
          'Pairs',
          'Threads that wait, on average, by who waits because of whom.',
          'none',
          [g.query(
            q.top(config.topGroups, q.rate('vigie_delay_seconds_total', 'victim, culprit')),
            '{{victim}} because of {{culprit}}'
          )]
        ) + g.stacked + { w:: 24, h:: 10 },
        g.timeseries(
          'Slow waits, and all waits for a CPU',
          'Threads that wait, on average. Slow waits have a culprit: those of pairs with a name, of all other pairs, and of pairs whose series have ended.',
          'none',
          [
            g.query(q.rate('vigie_delay_seconds_total', '', known), 'pairs with a name'),
            g.query(q.rate('vigie_delay_seconds_total', '', 'victim="%s"' % other), 'other pairs'),
            g.query(q.rate('vigie_retired_delay_seconds_total', ''), 'ended pairs'),
            g.query(q.rateOfSum('vigie_process_run_queue_wait_seconds', ''), 'all waits'),
          ]
        ) + g.stacked + g.lineOver('all waits') + { w:: 24 },
      ] },
    ]
  )
