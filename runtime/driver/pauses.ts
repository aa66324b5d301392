import type { Connections } from './connections.ts';
import { hasNoProbe } from './resources.ts';
import type { Unit } from './unit.ts';

/** What holds the calls of one node back: connections and hosts that are paused. */
export class Pauses {
  readonly #connections: Connections;
  readonly #paused = new Set<string>();
  /** Whether a host is up again shows the first message that is let through to it, alone. */
  onTrial = false;

  constructor(connections: Connections) { this.#connections = connections; }

  get names(): readonly string[] { return [...this.#paused]; }

  /** Whether the node has to wait. */
  hold({ resources }: Unit): boolean {
    for (const resource of resources) if (this.#connections.isPaused(resource)) this.#paused.add(resource);
    return this.#paused.size > 0;
  }
  add(resource: string): void { this.#paused.add(resource); }
  /** False when it did not wait for that. */
  end(resource: string): boolean {
    if (!this.#paused.delete(resource)) return false;
    this.onTrial = hasNoProbe(resource);
    return true;
  }
  /** A new revision: what the node no longer uses does not hold it back. */
  keep(stillUses: (resource: string) => boolean): void {
    for (const resource of this.#paused) if (!stillUses(resource)) this.#paused.delete(resource);
  }
}
