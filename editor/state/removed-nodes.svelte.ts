import type { FlowNode } from '../../runtime/flow/flow.ts';
import { api, ApiError } from '../api/client.ts';

// Of a node that went longer ago the id is shown.
const REVISIONS_MAX = 20;

/** Nodes that a flow once had, as its newest revision with them knew them. They are looked for when somebody shows what is left of them. */
export class RemovedNodes {
  readonly #flow: string;
  #found = $state.raw<ReadonlyMap<string, FlowNode>>(new Map());
  readonly #asked = new Set<string>();
  readonly #wanted = new Set<string>();

  constructor(flow: string) {
    this.#flow = flow;
  }

  /** Undefined until it is found; who draws with it is drawn again then. */
  find(id: string): FlowNode | undefined {
    if (!this.#asked.has(id)) {
      this.#asked.add(id);
      this.#wanted.add(id);
      // All that one drawing asks for are looked for together, and after it.
      if (this.#wanted.size === 1) queueMicrotask(() => void this.#look());
    }
    return this.#found.get(id);
  }

  async #look(): Promise<void> {
    const wanted = new Set(this.#wanted);
    this.#wanted.clear();
    try {
      const { revisions } = await api.listRevisions(this.#flow);
      for (const { revision } of revisions.slice(0, REVISIONS_MAX)) {
        if (wanted.size === 0) return;
        const { nodes } = await api.getRevision(this.#flow, revision);
        const here = Object.entries(nodes).filter(([id]) => wanted.delete(id));
        if (here.length > 0) this.#found = new Map([...this.#found, ...here]);
      }
    } catch (error) {
      // A name is a convenience: the id stands in its place.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
