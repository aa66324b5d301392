import { expect } from 'vitest';
import type { World } from './world.ts';

/** Ends each as a kill would, after a look that no bug of the runtime itself showed. Apart from worlds, which crash tests make in processes of their own. */
export function endWorlds(worlds: World[]): void {
  for (const each of worlds.splice(0)) {
    expect(each.bugs).toEqual([]);
    each.kill();
  }
}
