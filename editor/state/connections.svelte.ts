import type { ConnectionAnswer } from '../../runtime/api/contract.ts';
import { own } from '../../runtime/flow/own.ts';
import { api, ApiError } from '../api/client.ts';
import type { Live } from './live.svelte.ts';

/** The project's connections, shared by its panel and every field that names one. */
export class ConnectionsState {
  #stored = $state.raw<readonly ConnectionAnswer[]>([]);
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** With the state that the runtime tells of those that the open flow uses. */
  readonly list: readonly ConnectionAnswer[] = $derived.by(() => {
    const told = this.#live.counters?.connections;
    return this.#stored.map((connection) => {
      const state = own(told, connection.name);
      return state ? { ...connection, ...state } : connection;
    });
  });

  isLoaded = $state(false);
  error = $state.raw<ApiError>();

  async load(): Promise<void> {
    try {
      this.#stored = (await api.listConnections()).connections;
      this.isLoaded = true;
      this.error = undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
  }

  find(name: string): ConnectionAnswer | undefined {
    return this.list.find((connection) => connection.name === name);
  }

  ofType(type: string): readonly ConnectionAnswer[] {
    return this.list.filter((connection) => connection.document.type === type);
  }
}
