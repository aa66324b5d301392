import type { ExportBundle, ImportAnswer, ImportRequest } from '../api/contract.ts';
import { problem } from '../errors.ts';
import { canonicalFlow, canonicalJson } from '../flow/canonical.ts';
import type { ConnectionsDocument, Flow, Problem } from '../flow/flow.ts';
import { readJson } from '../flow/json-text.ts';
import { isNodeRed } from '../flow/node-red.ts';
import { isRecord, own } from '../flow/own.ts';
import { flowOf, parseConnections, parseFlow } from '../flow/parse.ts';
import { literalSecretsOfConnection, literalSecretsOfFlow } from './literal-secrets.ts';
import type { Connections } from './connections.ts';
import { refuseLiterals, type Drafts } from './drafts.ts';
import { audited, type Parts } from './parts.ts';
import type { Actor } from './project-door.ts';

export const BUNDLE_FORMAT = 'millrace.export/1';

/** What an imported text holds. */
interface Brought { readonly kind: ImportAnswer['kind']; readonly flows: readonly Flow[]; readonly connections: ConnectionsDocument; readonly problems: readonly Problem[] }

export interface Transfer {
  readonly parts: Parts;
  readonly drafts: Drafts;
  readonly connections: Connections;
  /** `bring` are connections that would be there as well. */
  problemsOf(flow: Flow, bring: ConnectionsDocument): Promise<readonly Problem[]>;
}

/**
 * Looks at what a text would bring, or saves it as drafts: all of it or, when an id is taken or something cannot be read, none.
 * Connections that the project has stay as they are. Node-RED is recognised and never saved.
 */
export async function importText(transfer: Transfer, { text, mode, rename = {} }: ImportRequest, by: Actor): Promise<ImportAnswer> {
  const brought = renamed(read(text), rename);
  const taken = new Set(await transfer.drafts.ids());
  const flows = await Promise.all(brought.flows.map(async (flow, index) => ({
    id: flow.id, name: flow.name, nodes: Object.keys(flow.nodes).length,
    exists: taken.has(flow.id) || brought.flows.findIndex(({ id }) => id === flow.id) < index,
    problems: [...await transfer.problemsOf(flow, brought.connections), ...literalSecretsOfFlow(flow, transfer.parts.catalog)],
  })));
  const answer = { kind: brought.kind, flows, missing: await missing(transfer, brought), problems: brought.problems };
  const blocked = brought.kind !== 'millrace' || brought.problems.some(({ level }) => level === 'error') || flows.some(({ exists }) => exists);
  return { ...answer, saved: mode === 'save' && !blocked ? await save(transfer, brought, by) : [] };
}

async function save({ parts, drafts, connections }: Transfer, brought: Brought, by: Actor): Promise<string[]> {
  for (const flow of brought.flows) refuseLiterals(flow.id, literalSecretsOfFlow(flow, parts.catalog));
  for (const [name, document] of Object.entries(brought.connections)) refuseLiterals(name, literalSecretsOfConnection(name, document, parts.catalog));
  await connections.addMissing(brought.connections, by);
  for (const flow of brought.flows) await parts.serial.run(flow.id, () => drafts.save(flow, 0, by));
  const saved = brought.flows.map(({ id }) => id);
  await audited(parts, by, { action: 'import', subject: saved.join(', ') });
  return saved;
}

function read(given: string): Brought {
  const text = given.replace(/^\ufeff/, ''); // editors on Windows put a byte order mark before the text
  const value: unknown = readJson(text).error ? undefined : JSON.parse(text);
  if (isRecord(value) && value['format'] === BUNDLE_FORMAT) return readBundle(value);
  const { value: flow, problems } = parseFlow(text);
  const kind = flow || (isRecord(value) && 'nodes' in value) ? 'millrace' : isNodeRed(value) ? 'node-red' : 'unknown';
  return { kind, flows: flow ? [flow] : [], connections: {}, problems };
}

function readBundle(bundle: { readonly [key: string]: unknown }): Brought {
  const parsed = Array.isArray(bundle['flows']) ? bundle['flows'].map(flowOf) : [{ value: undefined, problems: [noFlows()] }];
  const connections = parseConnections(canonicalJson(bundle['connections'] ?? {}));
  return {
    kind: 'millrace',
    flows: parsed.flatMap(({ value }) => (value ? [value] : [])),
    connections: connections.value ?? {},
    problems: [...parsed.flatMap(({ problems }) => problems), ...connections.problems],
  };
}

const noFlows = (): Problem => problem('flow.shape', { field: 'flows' }, {
  message: { en: 'The export has no list of flows', ru: 'В экспорте нет списка потоков' },
  fix: { en: 'Export the flows again.', ru: 'Экспортируйте потоки ещё раз.' },
});

function renamed(brought: Brought, rename: { readonly [id: string]: string }): Brought {
  const parsed = brought.flows.map((flow) => {
    const id = own(rename, flow.id);
    return id === undefined || id === flow.id ? { value: flow, problems: [] } : flowOf({ ...flow, id });
  });
  const flows = parsed.flatMap(({ value }) => (value ? [value] : []));
  return { ...brought, flows, problems: [...brought.problems, ...parsed.flatMap(({ problems }) => problems)] };
}

async function missing({ connections }: Transfer, brought: Brought): Promise<ImportAnswer['missing']> {
  const known = { ...brought.connections, ...await connections.documents() };
  const needed = new Map(brought.flows.flatMap(({ uses }) => Object.entries(uses ?? {})).filter(([name]) => !own(known, name)));
  return [...needed].map(([name, type]) => ({ name, type })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One flow's own text, or a bundle of several with the connections that they use; without ids, of all. Secrets are in neither: documents hold only their names. */
export async function exportText({ drafts, connections }: Pick<Transfer, 'drafts' | 'connections'>, ids: readonly string[]): Promise<string> {
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return canonicalFlow((await drafts.get(only)).flow);
  const flows = ids.length === 0 ? await readable(drafts) : await Promise.all([...new Set(ids)].sort().map(async (id) => (await drafts.get(id)).flow));
  const documents = Object.entries(await connections.documents());
  const used = new Set(flows.flatMap(({ uses }) => Object.keys(uses ?? {})));
  const bundle: ExportBundle = {
    format: BUNDLE_FORMAT,
    flows: flows.map((flow) => JSON.parse(canonicalFlow(flow)) as Flow),
    connections: Object.fromEntries(documents.filter(([name]) => ids.length === 0 || used.has(name))),
  };
  return canonicalJson(bundle);
}

/** An export of everything goes on without a flow whose file nobody can read. */
async function readable(drafts: Drafts): Promise<Flow[]> {
  const found = await Promise.all((await drafts.ids()).map((id) => drafts.find(id)));
  return found.flatMap((each) => (each ? [each.flow] : []));
}
