import { limits } from '../limits.ts';
import type { SandboxProgram } from '../sdk/context.ts';
import type { Analysis } from './analyse.ts';
import type { ModuleBundle } from './bundle.ts';
import type { GuestConfig } from './guest/state.ts';
import type { KeyUse } from './message-keys.ts';

/** A function as it was opened. */
export interface Made { readonly program: SandboxProgram; readonly analysis: Analysis; readonly modules?: ModuleBundle | undefined }

/** Whether functions in a row give the same as one: none waits, none uses modules (which are loaded for one node's code), all may use the same memory, and chance, which is each one's own, comes in at the first only. */
export function fusible(made: readonly Made[]): boolean {
  const [first] = made;
  return first !== undefined && made.length > 1 && made.length <= limits.sandboxFusedMax && made.every(({ program, analysis, modules }, i) => (
    !modules && analysis.plain && (i === 0 || !analysis.usesId) && program.outputs > 0 && program.flow === first.program.flow && program.memoryMb === first.program.memoryMb
  ));
}

/** The keys that any of them reads or changes; null when one takes the whole message. */
export function keysOfAll(made: readonly Made[]): KeyUse {
  const cross = new Set<string>();
  const back = new Set<string>();
  for (const { analysis: { keys } } of made) {
    if (keys === null) return null;
    for (const key of keys.cross) cross.add(key);
    for (const key of keys.back) back.add(key);
  }
  return { cross: [...cross], back: [...back] };
}

/** What the guest has to know of keys: those that may come back, and which of them came in. */
export const comingBack = (keys: KeyUse): Pick<GuestConfig, 'back' | 'came'> => ({ back: keys && keys.back, came: keys ? keys.back.filter((key) => keys.cross.includes(key)) : [] });
