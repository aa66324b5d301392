import { existsSync, readFileSync } from 'node:fs';
import { failureCodes, nodeFailureCodes, problemCodes } from '../../runtime/errors.ts';
import { byCodePoint } from '../../runtime/flow/canonical.ts';
import type { FieldInfo } from '../../runtime/flow/node-info.ts';
import type { NodeDefinition } from '../../runtime/sdk/index.ts';
import { loadDefinitions } from './catalog.ts';

const HEAD = `# Names that stand in flow files, journals and answers of the API. Made by \`npm run generate\`, which only ever adds.
# A name that was released is never removed: it keeps its meaning, or a migration takes it over.
`;

/** Every name that people and machines have stored or may store, sorted. */
export async function persistedNames(): Promise<string[]> {
  const { nodes, connections } = await loadDefinitions();
  const codes = [...Object.keys(failureCodes), ...Object.keys(nodeFailureCodes), ...nodes.flatMap((each) => Object.keys(each.info.failures ?? {}))];
  const names = [
    ...codes.map((code) => `failure ${code}`),
    ...Object.keys(problemCodes).map((code) => `problem ${code}`),
    ...nodes.flatMap(namesOfNode),
    ...connections.flatMap(({ info }) => [`connection ${info.type}`, ...fieldNames(info.config, `connection-field ${info.type}`)]),
  ];
  return [...new Set(names)].sort(byCodePoint);
}

function namesOfNode({ info }: NodeDefinition): string[] {
  const dynamic = info.outputs.dynamic ? [`output ${info.type}.${info.outputs.dynamic.prefix}-N`] : [];
  return [
    `node ${info.type}`,
    ...Object.keys(info.inputs).map((port) => `input ${info.type}.${port}`),
    ...Object.keys(info.outputs.fixed).map((port) => `output ${info.type}.${port}`),
    ...dynamic,
    ...Object.keys(info.drops ?? {}).map((rule) => `drop ${info.type}.${rule}`),
    ...fieldNames(info.config, `field ${info.type}`),
  ];
}

function fieldNames(fields: { readonly [name: string]: FieldInfo }, owner: string): string[] {
  return Object.entries(fields).flatMap(([name, info]) => [`${owner}.${name}`, ...choiceNames(info, `${owner}.${name}`), ...insideNames(info, `${owner}.${name}`)]);
}

const choiceNames = (info: FieldInfo, path: string): string[] => (info.choices ?? []).map((choice) => `${path}=${choice.value}`);

function insideNames(info: FieldInfo, path: string): string[] {
  if (info.fields) return fieldNames(info.fields, path);
  return info.items ? [...choiceNames(info.items, `${path}[]`), ...insideNames(info.items, `${path}[]`)] : [];
}

export function readNames(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#')) : [];
}

/** Text of `test/persisted-names.txt`: what it holds and what is new. */
export async function persistedNamesFile(file: string): Promise<string> {
  const all = [...new Set([...readNames(file), ...(await persistedNames())])].sort(byCodePoint);
  return `${HEAD}${all.map((name) => `${name}\n`).join('')}`;
}
