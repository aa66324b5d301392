import type { ConnectionDefinition, NodeDefinition } from '../../runtime/sdk/index.ts';

export interface Definitions { readonly nodes: readonly NodeDefinition[]; readonly connections: readonly ConnectionDefinition[] }

/** The node and connection types as code. Loaded late, because `nodes/index.ts` may have been written a moment ago. */
export async function loadDefinitions(): Promise<Definitions> {
  return import('../../nodes/index.ts');
}
