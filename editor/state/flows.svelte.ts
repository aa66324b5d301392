import type { Flow, FlowSummary } from '../../runtime/api/contract.ts';
import { FLOW_FORMAT } from '../../runtime/flow/flow.ts';
import { api, ApiError } from '../api/client.ts';
import { freeId, idFrom } from '../model/ids.ts';

export const emptyFlow = (id: string, name: string): Flow => ({ format: FLOW_FORMAT, id, name, delivery: 'durable', nodes: {}, wires: [], layout: {} });

/** The project's flows. Its methods reject with an `ApiError`, which the caller shows at what was asked for. */
export class FlowList {
  list = $state.raw<readonly FlowSummary[]>([]);
  isLoaded = $state(false);
  error = $state.raw<ApiError>();

  async load(): Promise<void> {
    try {
      this.list = (await api.listFlows()).flows;
      this.isLoaded = true;
      this.error = undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
  }

  find(id: string): FlowSummary | undefined {
    return this.list.find((flow) => flow.id === id);
  }

  /** Makes an empty flow; answers its id. */
  async create(name: string): Promise<string> {
    const id = this.freeId(name);
    await api.saveFlow(emptyFlow(id, name), 0);
    await this.load();
    return id;
  }

  /** Saves a copy under a free id; answers it. */
  async saveCopy(flow: Flow, name: string): Promise<string> {
    const id = this.freeId(name);
    await api.saveFlow({ ...flow, id, name }, 0);
    await this.load();
    return id;
  }

  /** Removes a flow; it can be restored for 30 days. */
  async remove(id: string): Promise<void> {
    await api.deleteFlow(id);
    await this.load();
  }

  async restore(id: string): Promise<void> {
    await api.restoreFlow(id);
    await this.load();
  }

  freeId(name: string): string {
    return freeId(idFrom(name, 'flow'), (id) => this.find(id) !== undefined);
  }
}
