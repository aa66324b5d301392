import type { DeployEffects } from '../../runtime/api/contract.ts';

/** Nodes by what a deploy does to them. One that restarts is started too; it is named once. */
export interface NodeGroup { readonly kind: 'new' | 'restarted' | 'stopped' | 'kept'; readonly ids: readonly string[] }

export function nodeGroups({ started, restarted, stopped, kept }: Pick<DeployEffects, 'started' | 'restarted' | 'stopped' | 'kept'>): readonly NodeGroup[] {
  const again = new Set(restarted);
  const groups: readonly NodeGroup[] = [
    { kind: 'new', ids: started.filter((id) => !again.has(id)) },
    { kind: 'restarted', ids: restarted },
    { kind: 'stopped', ids: stopped },
    { kind: 'kept', ids: kept },
  ];
  return groups.filter(({ ids }) => ids.length > 0);
}

export const restingMessages = (places: readonly { readonly messages: number }[]): number => places.reduce((sum, { messages }) => sum + messages, 0);
