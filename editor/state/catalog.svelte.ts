import type { CatalogInfo, ConnectionInfo, NodeInfo } from '../../runtime/api/contract.ts';
import { own } from '../../runtime/flow/own.ts';
import type { NodeCategory } from '../../runtime/flow/node-info.ts';
import { api, ApiError } from '../api/client.ts';

export const CATEGORIES: readonly NodeCategory[] = ['source', 'crm', 'data', 'logic', 'code', 'time', 'people', 'sink'];

/** What can be placed in a flow. It is loaded once; a new runtime version comes with a reload of the page. */
export class Catalog {
  info = $state.raw<CatalogInfo>({ nodes: {}, connections: {} });
  isLoaded = $state(false);
  error = $state.raw<ApiError>();

  readonly nodes = $derived(Object.values(this.info.nodes));
  readonly byCategory = $derived(CATEGORIES.map((category) => ({ category, nodes: this.nodes.filter((node) => node.category === category) })).filter((each) => each.nodes.length > 0));

  async load(): Promise<void> {
    try {
      this.info = await api.catalog();
      this.error = undefined;
      this.isLoaded = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
  }

  node(type: string): NodeInfo | undefined {
    return own(this.info.nodes, type);
  }

  connection(type: string): ConnectionInfo | undefined {
    return own(this.info.connections, type);
  }
}
