/** What is done at one node follows each other. */
export class Turns {
  /** The last turn of each node that is not over. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #failed: (error: unknown, node: string) => void;

  constructor(failed: (error: unknown, node: string) => void) { this.#failed = failed; }

  take(node: string, work: () => Promise<void>): void {
    const turn = (this.#last.get(node) ?? Promise.resolve()).then(work).catch((error: unknown) => { this.#failed(error, node); })
      .finally(() => { if (this.#last.get(node) === turn) this.#last.delete(node); });
    this.#last.set(node, turn);
  }
  taken(node: string): boolean { return this.#last.has(node); }

  /** Behind what is under way, nothing is done at these nodes, or at one that has a turn, until the answer is called. */
  async hold(nodes: Iterable<string>): Promise<() => void> {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const held = [...new Set([...this.#last.keys(), ...nodes])].map((node) => new Promise<void>((reached) => {
      this.take(node, async () => {
        reached();
        await released;
      });
    }));
    await Promise.all(held);
    return release;
  }
}
