// SPDX-License-Identifier: GPL-2.0-only
// mixin - the whole: prometheusAlerts, prometheusRules, grafanaDashboards, as mixins have them.
(import 'config.libsonnet') +
(import 'alerts/alerts.libsonnet') +
(import 'rules/rules.libsonnet') +
(import 'dashboards/dashboards.libsonnet') +
(import 'lib/operator.libsonnet')
