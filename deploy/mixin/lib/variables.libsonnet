// SPDX-License-Identifier: GPL-2.0-only
// variables - what a dashboard can be asked for beside the data source.
local g = import 'grafana.libsonnet';

function(config)
  local metric(name, matchers='') =
    (import 'series.libsonnet')(config.vigieSelector)(name, matchers);
  local inCluster = '%s=~"$cluster"' % config.clusterLabel;
  {
    cluster: g.variables.label('cluster', 'Cluster', metric('vigie_host_cpus'), config.clusterLabel) +
             g.variables.many,
    // One host; instances for the overview of many.
    instance: g.variables.label('instance', 'Instance', metric('vigie_host_cpus', inCluster), 'instance'),
    instances: self.instance + g.variables.many,
    // What says which groups: unit, then comm within these units.
    groups: std.mapWithIndex(
      function(i, label)
        local before = ['%s=~"$%s"' % [l, l] for l in config.groupLabels[:i]];
        g.variables.label(
          label,
          std.asciiUpper(label[0:1]) + label[1:],
          metric('vigie_process_processes', std.join(',', [inCluster, 'instance=~"$instance"'] + before)),
          label
        ) + g.variables.many,
      config.groupLabels
    ),
  }
