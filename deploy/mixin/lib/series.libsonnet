// SPDX-License-Identifier: GPL-2.0-only
// series - a selector of a metric: what every one has (config, a dashboard's variables) and its own.
// Strings are put together by +: jsonnet's format is a hundred times slower, and this is called a lot.
function(common) function(metric, matchers='')
  if common == '' && matchers == '' then metric
  else metric + '{' + common + (if common != '' && matchers != '' then ',' else '') + matchers + '}'
