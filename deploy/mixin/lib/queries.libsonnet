// SPDX-License-Identifier: GPL-2.0-only
// queries - what panels ask of the hosts that a dashboard shows. Prometheus 2.40 and later.
// Histograms are asked for as classic and as native ones (scraped as such, or made of classic ones by
// convert_classic_histograms_to_nhcb): only one of them has series, or both say the same.
function(config, matchers='') {
  local hosts = config.clusterLabel + '=~"$cluster",instance=~"$instance"',
  local by(labels) = if labels == '' then '' else ' by (' + labels + ')',
  local summed(labels, expr) = 'sum' + by(labels) + ' (' + expr + ')',
  local over(series) = series + '[$__rate_interval]',

  series: (import 'series.libsonnet')(
    std.join(',', [m for m in [config.vigieSelector, hosts, matchers] if m != ''])
  ),
  groups: std.join(', ', config.groupLabels),
  groupLegend: std.join(' / ', ['{{' + label + '}}' for label in config.groupLabels]),

  rate(metric, labels, matchers=''):
    summed(labels, 'rate(' + over(self.series(metric, matchers)) + ')'),
  increase(metric, labels, matchers=''):
    summed(labels, 'increase(' + over(self.series(metric, matchers)) + ')'),
  sum(metric, labels='', matchers=''): summed(labels, self.series(metric, matchers)),
  max(metric, labels='', matchers=''): 'max' + by(labels) + ' (' + self.series(metric, matchers) + ')',
  top(n, expr): 'topk(' + n + ', ' + expr + ')',
  ratio(part, whole): part + '\n/ ' + whole,

  // What a histogram adds up to, a second.
  rateOfSum(metric, labels):
    self.rate(metric + '_sum', labels) + '\nor\n' +
    summed(labels, 'histogram_sum(rate(' + over(self.series(metric)) + '))'),
  rateOfCount(metric, labels):
    self.rate(metric + '_count', labels) + '\nor\n' +
    summed(labels, 'histogram_count(rate(' + over(self.series(metric)) + '))'),
  quantile(q, metric, labels=''):
    local le = if labels == '' then 'le' else labels + ', le';
    'histogram_quantile(' + q + ', ' + self.rate(metric + '_bucket', le) + ')\nor\n' +
    'histogram_quantile(' + q + ', ' + self.rate(metric, labels) + ')',
  buckets(metric): self.rate(metric + '_bucket', 'le'),
  native(metric): self.rate(metric, ''),
}
