import { diffFlows } from '../../runtime/flow/diff.ts';
import { canonicalJson } from '../../runtime/flow/canonical.ts';
import { wireId } from '../../runtime/flow/flow.ts';
import type { Flow } from '../../runtime/flow/flow.ts';

export type ChangeKind = 'added' | 'removed' | 'changed';

/** One key of a node, a wire or the flow, before and after; absent where it was or is not set. */
export interface FieldChange { readonly path: string; readonly before?: unknown; readonly after?: unknown }
export interface Change { readonly of: 'node' | 'wire' | 'flow'; readonly id: string; readonly kind: ChangeKind; readonly fields: readonly FieldChange[] }

/** What one flow has that another has not, for people to read: nodes first, then wires, then the flow's own settings. */
export function changesOf(before: Flow, after: Flow): readonly Change[] {
  const { nodes, wires, settings } = diffFlows(before, after);
  const wireOf = (flow: Flow, id: string): object => flow.wires.find((wire) => wireId(wire) === id) ?? {};
  const flowFields = settings ? fieldsOf(settingsOf(before), settingsOf(after)) : [];
  return [
    ...listed('node', nodes, (id) => fieldsOf(flat(before.nodes[id]), flat(after.nodes[id]))),
    ...listed('wire', wires, (id) => fieldsOf(wireOf(before, id), wireOf(after, id))),
    ...(flowFields.length > 0 ? [{ of: 'flow', id: after.id, kind: 'changed', fields: flowFields } as const] : []),
  ];
}

interface Ids { readonly added: readonly string[]; readonly removed: readonly string[]; readonly changed: readonly string[] }
const listed = (of: 'node' | 'wire', ids: Ids, fields: (id: string) => readonly FieldChange[]): readonly Change[] => [
  ...ids.added.map((id): Change => ({ of, id, kind: 'added', fields: [] })),
  ...ids.changed.map((id): Change => ({ of, id, kind: 'changed', fields: fields(id) })),
  ...ids.removed.map((id): Change => ({ of, id, kind: 'removed', fields: [] })),
];

/** A node with the fields of its config beside its own settings. */
function flat(node: Flow['nodes'][string] | undefined): object {
  if (!node) return {};
  const { config, ...rest } = node;
  return { ...rest, ...Object.fromEntries(Object.entries(config).map(([field, value]) => [`config.${field}`, value])) };
}

function settingsOf(flow: Flow): object {
  const { nodes: _nodes, wires: _wires, layout: _layout, groups: _groups, notes: _notes, ...settings } = flow;
  return settings;
}

function fieldsOf(before: object, after: object): readonly FieldChange[] {
  const [a, b] = [before as { readonly [key: string]: unknown }, after as { readonly [key: string]: unknown }];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => (a[key] === undefined || b[key] === undefined ? a[key] !== b[key] : canonicalJson(a[key]) !== canonicalJson(b[key])))
    .map((path) => ({ path, ...(a[path] !== undefined && { before: a[path] }), ...(b[path] !== undefined && { after: b[path] }) }));
}
