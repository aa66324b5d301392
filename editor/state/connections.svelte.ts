import type { ConnectionAnswer } from '../../runtime/api/contract.ts';
import { api, ApiError } from '../api/client.ts';

/** The project's connections, shared by its panel and every field that names one. */
export class ConnectionsState {
  list = $state.raw<readonly ConnectionAnswer[]>([]);
  isLoaded = $state(false);
  error = $state.raw<ApiError>();

  async load(): Promise<void> {
    try {
      this.list = (await api.listConnections()).connections;
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
