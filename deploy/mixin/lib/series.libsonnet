// SPDX-License-Identifier: GPL-2.0-only
// series - a selector of a metric: what every one has (config, a dashboard's variables) and its own.
function(common) function(metric, matchers='')
  local all = std.join(',', [m for m in [common, matchers] if m != '']);
  if all == '' then metric else '%s{%s}' % [metric, all]
