import { referencesOf } from '../flow/field-form.ts';
import type { ConnectionsDocument, Flow } from '../flow/flow.ts';
import { secretsIn, type UsedBy } from './connections.ts';

/** Flow ids by connection: what drafts and live flows say they use. */
export function connectionUsers(flows: readonly Flow[]): UsedBy {
  return gathered(flows.flatMap((flow) => Object.keys(flow.uses ?? {}).map((name) => [name, flow.id] as const)));
}

/** Flow ids and connection names by secret. */
export function secretUsers(flows: readonly Flow[], connections: ConnectionsDocument): UsedBy {
  return gathered([
    ...flows.flatMap((flow) => referencesOf(flow).secrets.map((name) => [name, flow.id] as const)),
    ...Object.entries(connections).flatMap(([connection, { config }]) => secretsIn(config).map((name) => [name, connection] as const)),
  ]);
}

function gathered(pairs: readonly (readonly [string, string])[]): UsedBy {
  const users = new Map<string, Set<string>>();
  for (const [name, user] of pairs) users.set(name, (users.get(name) ?? new Set()).add(user));
  return new Map([...users].map(([name, set]) => [name, [...set].sort()]));
}
