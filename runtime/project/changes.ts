/** What the project tells: `flow` a draft, `flows` the list of them, `deploy` what runs, `connection` a connection. */
export interface Change { readonly kind: 'flow' | 'flows' | 'deploy' | 'connection'; readonly id: string; readonly version?: number; readonly by?: string }

/** Tells listeners of changes that are stored already. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>();

  on(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }
  tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
