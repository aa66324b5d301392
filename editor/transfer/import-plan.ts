import type { CatalogInfo, ConnectionsDocument, Flow, ImportAnswer } from '../../runtime/api/contract.ts';
import { canonicalFlow, canonicalJson } from '../../runtime/flow/canonical.ts';
import { isRecord } from '../../runtime/flow/own.ts';
import { applyEdit } from '../model/edit.ts';
import { replaceConnection } from '../model/uses.ts';

/** What a person decided about one flow of the text. */
export type Choice = { readonly kind: 'new'; readonly id: string } | { readonly kind: 'replace' } | { readonly kind: 'skip' };

export interface Choices {
  readonly flows: { readonly [id: string]: Choice };
  /** Connections of the text by the one of the project that takes their place. */
  readonly connections: { readonly [name: string]: string };
}

export interface ImportPlan {
  /** What is imported as new, in one step: all or none. Undefined when there is nothing new. */
  readonly text: string | undefined;
  /** What takes the place of a flow that is there. */
  readonly replacements: readonly Flow[];
}

const ID = /^[a-z][a-z0-9-]*$/;

/** Why a flow cannot be imported under this id. */
export function idProblem(id: string, taken: readonly string[]): 'form' | 'taken' | undefined {
  if (!ID.test(id)) return 'form';
  return taken.includes(id) ? 'taken' : undefined;
}

/** What each flow becomes when nobody chooses: new under its id, or under a free one where that is taken. */
export function firstChoices(answer: ImportAnswer, freeId: (id: string) => string): Choices['flows'] {
  return Object.fromEntries(answer.flows.map(({ id, exists }) => [id, { kind: 'new', id: exists ? freeId(id) : id }]));
}

/** Turns the text and the choices into what is sent. The text was looked at before, so it is a flow or a bundle. */
export function planImport(text: string, choices: Choices, catalog: CatalogInfo): ImportPlan {
  const bundle = readBundle(text);
  const fresh: Flow[] = [];
  const replacements: Flow[] = [];
  for (const flow of bundle.flows) {
    const choice = choices.flows[flow.id] ?? { kind: 'skip' };
    const mapped = mapConnections(flow, choices.connections, catalog);
    if (choice.kind === 'replace') replacements.push(mapped);
    else if (choice.kind === 'new') fresh.push({ ...mapped, id: choice.id });
  }
  const connections = Object.fromEntries(Object.entries(bundle.connections).filter(([name]) => choices.connections[name] === undefined));
  const only = fresh[0];
  if (only && fresh.length === 1 && Object.keys(connections).length === 0) return { text: canonicalFlow(only), replacements };
  if (fresh.length === 0 && Object.keys(connections).length === 0) return { text: undefined, replacements };
  return { text: canonicalJson({ format: 'millrace.export/1', flows: fresh, connections }), replacements };
}

function mapConnections(flow: Flow, connections: Choices['connections'], catalog: CatalogInfo): Flow {
  return Object.entries(connections).reduce((mapped, [from, to]) => {
    if (to === from || mapped.uses?.[from] === undefined) return mapped;
    return applyEdit(mapped, replaceConnection(mapped, catalog, { from, to })).flow;
  }, flow);
}

function readBundle(text: string): { readonly flows: readonly Flow[]; readonly connections: ConnectionsDocument } {
  const value: unknown = JSON.parse(text);
  if (isRecord(value) && Array.isArray(value['flows'])) return { flows: value['flows'] as readonly Flow[], connections: (value['connections'] ?? {}) as ConnectionsDocument };
  return { flows: [value as Flow], connections: {} };
}
