/** What is done at one node follows each other. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();
  readonly #failed: (error: unknown, node: string) => void;

  constructor(failed: (error: unknown, node: string) => void) { this.#failed = failed; }

  take(node: string, work: () => Promise<void>): void {
    this.#last.set(node, (this.#last.get(node) ?? Promise.resolve()).then(work).catch((error: unknown) => { this.#failed(error, node); }));
  }

  /** Behind what is under way, nothing is done at these nodes, or at one that had a turn before, until the answer is called. */
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
