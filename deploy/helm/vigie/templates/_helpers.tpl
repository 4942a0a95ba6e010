{{- /* SPDX-License-Identifier: GPL-2.0-only */ -}}
{{- define "vigie.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "vigie.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "vigie.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "vigie.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "vigie.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "vigie.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "vigie.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "vigie.selectorLabels" -}}
app.kubernetes.io/name: {{ include "vigie.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "vigie.labels" -}}
{{ include "vigie.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: metrics
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "vigie.image" -}}
{{- $name := printf "%s/%s" .Values.image.registry .Values.image.repository | trimPrefix "/" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* Credentials are asked of probes, too, which have none: then only the port is tried. */ -}}
{{- define "vigie.probe" -}}
{{- if .secret }}
tcpSocket:
  port: metrics
{{- else }}
httpGet:
  path: {{ .path }}
  port: metrics
{{- end }}
{{ toYaml .probe }}
{{- end -}}

{{- /* What ServiceMonitor and PodMonitor say of the endpoint alike. */ -}}
{{- define "vigie.endpoint" -}}
port: {{ .port }}
scheme: {{ default (ternary "https" "http" (not (empty .root.Values.webConfig.secretName))) .monitor.scheme }}
{{- with .monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- range $name := list "basicAuth" "authorization" "tlsConfig" "relabelings" "metricRelabelings" }}
{{- with get $.monitor $name }}
{{ $name }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .monitor.proxyUrl }}
proxyUrl: {{ . }}
{{- end }}
{{- end -}}

{{- define "vigie.monitorSpec" -}}
jobLabel: {{ default "app.kubernetes.io/name" .monitor.jobLabel }}
{{- with .monitor.podTargetLabels }}
podTargetLabels:
  {{- toYaml . | nindent 2 }}
{{- end }}
selector:
  matchLabels:
    {{- include "vigie.selectorLabels" .root | nindent 4 }}
namespaceSelector:
  matchNames:
    - {{ include "vigie.namespace" .root }}
{{- if .monitor.attachMetadata.node }}
attachMetadata:
  node: true
{{- end }}
{{- range $name := list "sampleLimit" "targetLimit" "labelLimit" "labelNameLengthLimit" "labelValueLengthLimit" }}
{{- with get $.monitor $name }}
{{ $name }}: {{ . | int64 }}
{{- end }}
{{- end }}
{{- end -}}
