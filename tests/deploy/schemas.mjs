// SPDX-License-Identifier: GPL-2.0-only
// schemas.mjs - holds objects of Kubernetes against the schemas that Kubernetes and the Prometheus Operator
// publish, as npm's kubernetes-models has compiled them.
//
//	node schemas.mjs MODULES < objects.json      a JSON list in, a JSON list of {kind, problems} out
//
// The schemas leave unknown fields be; an API server with strict validation does not. What the
// validator never asked for is unknown.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const modules = process.argv[2];
const packages = ['kubernetes-models', '@kubernetes-models/prometheus-operator'];

// "IoK8sApiAppsV1DaemonSet.js" is found by its end: group and version are checked by the schema itself.
async function validatorOf(object) {
  const [version] = object.apiVersion.split('/').reverse();
  const ending = `${version[0].toUpperCase()}${version.slice(1)}${object.kind}.js`;
  for (const name of packages) {
    const folder = join(modules, name, '_schemas');
    for (const file of readdirSync(folder).filter((each) => each.endsWith(ending))) {
      const { validate } = await import(join(folder, file));
      const bare = { apiVersion: object.apiVersion, kind: object.kind };
      validate(bare);
      const strangers = (validate.errors ?? []).filter((e) => /^\/(apiVersion|kind)$/.test(e.instancePath));
      if (strangers.length === 0) return validate;
    }
  }
  return null;
}

// Notes which members are read, at any depth.
function watched(value, path, unread) {
  if (value === null || typeof value !== 'object') return value;
  const read = new Set();
  const members = new Map();
  unread.push(() => Object.keys(value).filter((key) => !read.has(key)).map((key) => `${path}/${key}: unknown`));
  return new Proxy(value, {
    get(target, key) {
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return target[key];
      read.add(key);
      if (!members.has(key)) members.set(key, watched(target[key], `${path}/${key}`, unread));
      return members.get(key);
    },
  });
}

const results = [];
for (const object of JSON.parse(readFileSync(0, 'utf8'))) {
  const validate = await validatorOf(object);
  if (!validate) {
    results.push({ kind: object.kind, problems: null });
    continue;
  }
  const unread = [];
  validate(watched(object, '', unread));
  const problems = (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? e.keyword}`);
  results.push({ kind: object.kind, problems: [...problems, ...unread.flatMap((each) => each())] });
}
console.log(JSON.stringify(results));
