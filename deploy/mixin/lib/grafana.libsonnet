// SPDX-License-Identifier: GPL-2.0-only
// grafana - panels and dashboards in Grafana's classic JSON: what Grafana 9 to 13 import and provision.
// Not here: which panels there are, and what they ask.
local datasource = { type: 'prometheus', uid: '${datasource}' };

// Named A, B, … but for those that have a name.
local targets(list) = std.mapWithIndex(
  function(i, t) { refId: std.char(65 + i), datasource: datasource } + t,
  list
);

local panel(type, title, description, unit, list) = {
  type: type,
  title: title,
  description: description,
  datasource: datasource,
  targets: targets(list),
  fieldConfig: { defaults: { unit: unit }, overrides: [] },
  w:: 8,
  h:: 8,
};

// Left to right, a new line where one is full; each row begins with its title.
local placed(rows) =
  local step(state, p) =
    local wraps = state.x + p.w > 24;
    local x = if wraps then 0 else state.x;
    local y = if wraps then state.y + state.h else state.y;
    {
      x: x + p.w,
      y: y,
      h: if wraps then p.h else std.max(state.h, p.h),
      panels: state.panels + [
        p { id: std.length(state.panels) + 1, gridPos: { x: x, y: y, w: p.w, h: p.h } },
      ],
    };
  local row(state, r) =
    local heading = { type: 'row', title: r.title, collapsed: false, panels: [], w:: 24, h:: 1 };
    // A heading fills its line, and so what was before it ends.
    std.foldl(step, [heading] + r.panels, state);
  std.foldl(row, rows, { x: 0, y: 0, h: 0, panels: [] }).panels;

{
  datasource: datasource,

  // Over the time of the dashboard.
  query(expr, legend): { expr: expr, legendFormat: legend, range: true },
  // Of its end, as rows.
  row(expr): { expr: expr, format: 'table', instant: true },
  // Of its end, as one value each.
  now(expr, legend): { expr: expr, legendFormat: legend, instant: true },

  timeseries(title, description, unit, list):: panel('timeseries', title, description, unit, list) + {
    fieldConfig+: { defaults+: {
      min: 0,
      custom: { lineWidth: 1, fillOpacity: 10, showPoints: 'never', spanNulls: false },
    } },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  },
  stacked:: {
    fieldConfig+: { defaults+: {
      custom+: { fillOpacity: 60, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } },
    } },
  },
  full:: { fieldConfig+: { defaults+: { max: 1 } } },
  bars:: {
    fieldConfig+: { defaults+: { custom+: { drawStyle: 'bars', fillOpacity: 60 } } },
  },
  // What is none of the stack: a line over it.
  lineOver(name):: {
    fieldConfig+: { overrides+: [{
      matcher: { id: 'byName', options: name },
      properties: [
        { id: 'custom.stacking', value: { mode: 'none', group: 'A' } },
        { id: 'custom.fillOpacity', value: 0 },
        { id: 'custom.lineWidth', value: 2 },
      ],
    }] },
  },

  stat(title, description, unit, list):: panel('stat', title, description, unit, list) + {
    fieldConfig+: { defaults+: {
      thresholds: { mode: 'absolute', steps: [{ color: 'text', value: null }] },
    } },
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      colorMode: 'background',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      textMode: 'auto',
      wideLayout: true,
    },
    h:: 4,
  },
  // The series are the message, and so is that there are none.
  sentence(none):: {
    fieldConfig+: { defaults+: { noValue: none } },
    options+: { textMode: 'value_and_name' },
  },
  // Colours from these values on.
  thresholds(steps):: {
    fieldConfig+: { defaults+: { thresholds: { mode: 'absolute', steps: steps } } },
  },
  good: { color: 'green', value: null },
  warnAt(value): { color: 'orange', value: value },
  badAt(value): { color: 'red', value: value },

  bargauge(title, description, unit, list):: panel('bargauge', title, description, unit, list) + {
    fieldConfig+: { defaults+: {
      min: 0,
      thresholds: { mode: 'absolute', steps: [{ color: 'blue', value: null }] },
    } },
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      displayMode: 'basic',
      orientation: 'horizontal',
      showUnfilled: true,
      minVizWidth: 8,
      minVizHeight: 10,
      valueMode: 'color',
    },
  },

  table(title, description, unit, list):: panel('table', title, description, unit, list) + {
    fieldConfig+: { defaults+: { custom: { align: 'auto', filterable: true } } },
    options: { showHeader: true, cellHeight: 'sm', sortBy: [] },
    w:: 24,
  },
  // One row of all queries. columns: [[field, title, unit or null, more properties]], in this order.
  columns(list, hidden=[]):: {
    transformations: [
      { id: 'merge', options: {} },
      { id: 'organize', options: {
        excludeByName: { [name]: true for name in ['Time'] + hidden },
        indexByName: { [list[i][0]]: i for i in std.range(0, std.length(list) - 1) },
        renameByName: { [column[0]]: column[1] for column in list if column[0] != column[1] },
      } },
    ],
    fieldConfig+: { overrides+: [
      {
        matcher: { id: 'byName', options: column[1] },
        properties: [{ id: 'unit', value: column[2] }] +
                    (if std.length(column) > 3 then column[3] else []),
      }
      for column in list
      if column[2] != null
    ] },
  },
  sortedBy(title):: { options+: { sortBy: [{ displayName: title, desc: true }] } },
  // A cell in colour, between these values.
  coloured(max):: $.background + [{ id: 'max', value: max }],
  background:: [
    { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'gradient' } },
    { id: 'min', value: 0 },
    { id: 'color', value: { mode: 'continuous-GrYlRd' } },
  ],
  cellLink(title, url):: [{ id: 'links', value: [{ title: title, url: url, targetBlank: false }] }],

  // Classic buckets come as series with le, native histograms as cells: whichever there is, is shown.
  heatmap(title, description, classic, native):: panel('heatmap', title, description, 's', [
    { expr: classic, format: 'heatmap', legendFormat: '{{le}}', range: true },
    { expr: native, format: 'time_series', legendFormat: 'native', range: true },
  ]) + {
    fieldConfig+: { defaults+: { custom: { scaleDistribution: { type: 'linear' } } } },
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Oranges', scale: 'exponential', exponent: 0.5, steps: 64, reverse: false, fill: 'dark-orange' },
      exemplars: { color: 'rgba(255,0,255,0.7)' },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      showValue: 'never',
      tooltip: { mode: 'single', yHistogram: true },
      yAxis: { axisPlacement: 'left', reverse: false, unit: 's' },
    },
    w:: 12,
  },

  // 1 and 0 over time, by name.
  timeline(title, description, list, mappings):: panel('state-timeline', title, description, 'short', list) + {
    fieldConfig+: { defaults+: {
      custom: { fillOpacity: 70, lineWidth: 0 },
      mappings: mappings,
      thresholds: { mode: 'absolute', steps: [{ color: 'transparent', value: null }, { color: 'red', value: 1 }] },
      color: { mode: 'thresholds' },
    } },
    options: {
      mergeValues: true,
      showValue: 'never',
      alignValue: 'left',
      rowHeight: 0.8,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
    w:: 12,
  },

  // Of the rows of two queries: those with source and target are edges, the others nodes.
  nodeGraph(title, description, unit, nodes, edges):: panel('nodeGraph', title, description, unit, [
    { refId: 'nodes', expr: nodes, format: 'table', instant: true },
    { refId: 'edges', expr: edges, format: 'table', instant: true },
  ]) + {
    transformations: [
      { id: 'organize', options: {
        excludeByName: { Time: true },
        indexByName: {},
        renameByName: { 'Value #nodes': 'mainstat', 'Value #edges': 'mainstat' },
      } },
    ],
    options: { nodes: { mainStatUnit: unit }, edges: { mainStatUnit: unit } },
    w:: 24,
    h:: 16,
  },

  variables: {
    datasource: {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      hide: 0,
      includeAll: false,
      multi: false,
      options: [],
      refresh: 1,
      regex: '',
      skipUrlSync: false,
    },
    // What values a label of a metric has.
    label(name, title, metric, label):: {
      name: name,
      label: title,
      type: 'query',
      datasource: datasource,
      query: { query: 'label_values(%s, %s)' % [metric, label], refId: 'variable-' + name },
      hide: 0,
      includeAll: false,
      multi: false,
      options: [],
      refresh: 2,
      regex: '',
      skipUrlSync: false,
      sort: 1,
    },
    // All of them by default; series without that label are among all.
    many:: {
      multi: true,
      includeAll: true,
      allValue: '.*',
      current: { text: ['All'], value: ['$__all'], selected: true },
    },
  },

  dashboard(config, uid, title, description, variables, rows, annotations=[]): {
    uid: uid,
    title: config.dashboardNamePrefix + title,
    description: description,
    tags: config.dashboardTags,
    editable: false,
    graphTooltip: 1,
    schemaVersion: 38,
    version: 1,
    timezone: 'browser',
    time: { from: 'now-1h', to: 'now' },
    refresh: config.dashboardRefresh,
    templating: { list: variables },
    annotations: { list: annotations },
    links: [{
      title: 'vigie',
      type: 'dashboards',
      tags: config.dashboardTags,
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      icon: 'external link',
      targetBlank: false,
      tooltip: '',
      url: '',
    }],
    panels: placed(rows),
  },
}
