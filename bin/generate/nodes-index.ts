import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One file under `nodes/` that declares a node type or a connection type. */
interface Entry { readonly path: string; readonly variable: string; readonly kind: 'node' | 'connection' }

const SHARED = '_'; // a leading underscore marks what several nodes share
const CONNECTIONS = 'connection';

/** Text of `nodes/index.ts`: every node and connection type that the folder holds, sorted by path. */
export function nodesIndex(nodesDir: string): string {
  const entries = folders(nodesDir).flatMap((category) => entriesOf(nodesDir, category));
  refuseTwins(entries);
  const imports = entries.map((entry) => `import ${entry.variable} from './${entry.path}';`);
  return [
    '// Made by `npm run generate` from the files of this folder.',
    "import type { ConnectionDefinition, NodeDefinition } from '../runtime/sdk/index.ts';",
    ...imports,
    '',
    listOf('nodes', 'NodeDefinition', entries.filter((entry) => entry.kind === 'node')),
    '',
    listOf('connections', 'ConnectionDefinition', entries.filter((entry) => entry.kind === 'connection')),
    '',
  ].join('\n');
}

function folders(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith(SHARED)).map((entry) => entry.name).sort();
}

function entriesOf(nodesDir: string, category: string): Entry[] {
  const dir = join(nodesDir, category);
  const names = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith(SHARED))
    .filter((entry) => (entry.isDirectory() ? existsSync(join(dir, entry.name, 'index.ts')) : entry.name.endsWith('.ts')))
    .map((entry) => (entry.isDirectory() ? { name: entry.name, path: `${category}/${entry.name}/index.ts` } : { name: entry.name.slice(0, -3), path: `${category}/${entry.name}` }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const kind = category === CONNECTIONS ? 'connection' : 'node';
  return names.map(({ name, path }) => ({ path, kind, variable: variableOf(name, kind) }));
}

// The suffix keeps `switch`, `catch` and `function` from being reserved words.
const variableOf = (name: string, kind: Entry['kind']): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) + (kind === 'node' ? 'Node' : 'Connection');

function refuseTwins(entries: readonly Entry[]): void {
  const seen = new Map<string, string>();
  for (const { variable, path } of entries) {
    const first = seen.get(variable);
    if (first) throw new Error(`nodes/${first} and nodes/${path} have the same name; rename one of them`);
    seen.set(variable, path);
  }
}

function listOf(name: string, type: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return `export const ${name}: readonly ${type}[] = [];`;
  return `export const ${name}: readonly ${type}[] = [\n${entries.map((entry) => `  ${entry.variable},\n`).join('')}];`;
}
