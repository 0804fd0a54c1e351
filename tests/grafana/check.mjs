#!/usr/bin/env node
// Holds every shipped dashboard, and each panel's options, against the types of @grafana/schema.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dashboards = join(here, '../../grafana/dashboards');
const types = './node_modules/@grafana/schema/dist/types';
const kinds = {
  stat: 'stat', timeseries: 'timeseries', bargauge: 'bargauge', 'state-timeline': 'statetimeline', table: 'table',
  heatmap: 'heatmap',
};
const name = (kind) => kinds[kind];
// What the Prometheus data source adds to an annotation, unknown to the schema.
const ofPrometheus = ['expr', 'step', 'titleFormat', 'textFormat', 'tagKeys', 'useValueForTime'];

const lines = [
  `import type { Dashboard } from '${types}/veneer/dashboard.types';`,
  ...Object.values(kinds).map((folder) =>
    `import type * as ${folder} from '${types}/raw/composable/${folder}/panelcfg/x/types.gen';`),
  // JSON has the words of an enum, not its members.
  'type Plain<T> = T extends string ? `${T}` : T extends number ? number : T extends boolean ? boolean',
  '  : T extends Array<infer E> ? Array<Plain<E>> : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;',
];
let panels = 0;
for (const file of readdirSync(dashboards).sort()) {
  const board = JSON.parse(readFileSync(join(dashboards, file), 'utf8'));
  for (const annotation of board.annotations.list) for (const key of ofPrometheus) delete annotation[key];
  const id = basename(file, '.json').replaceAll('-', '_');
  lines.push(`export const ${id}: Plain<Dashboard> = ${JSON.stringify(board)};`);
  for (const panel of board.panels.filter((p) => p.type !== 'row')) {
    const at = `${id}_${panel.id}`;
    lines.push(`export const ${at}: Plain<Partial<${name(panel.type)}.Options>> = ${JSON.stringify(panel.options)}; // ${panel.title}`);
    const { custom } = panel.fieldConfig.defaults;
    if (custom) lines.push(`export const ${at}_custom: Plain<Partial<${name(panel.type)}.FieldConfig>> = ${JSON.stringify(custom)};`);
    panels += 1;
  }
}
const made = join(here, 'check.generated.ts');
try {
  writeFileSync(made, lines.join('\n'));
  execFileSync(join(here, 'node_modules/.bin/tsc'), ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022',
    '--module', 'esnext', '--moduleResolution', 'bundler', made], { cwd: here, stdio: 'inherit' });
} finally {
  if (!process.env.KEEP) rmSync(made);
}
console.log(`${panels} panels fit @grafana/schema`);
