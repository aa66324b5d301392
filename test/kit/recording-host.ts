import type { ConnectionDocument, Flow, Problem } from '../../runtime/flow/flow.ts';
import type { DeployOutcome, FlowHost, PendingRun } from '../../runtime/host.ts';
import type { DeployEffects } from '../../runtime/api/contract.ts';

type Live = NonNullable<ReturnType<FlowHost['live']>>;

/** A host that runs nothing and writes down what it was asked to run. */
export class RecordingHost implements FlowHost {
  /** `deploy lead 1`, `stop lead`, `remove lead`, `changed crm-db`, in order. */
  readonly calls: string[] = [];
  readonly flows = new Map<string, { readonly flow: Flow; readonly live: Live }>();
  readonly tested: { readonly name: string; readonly document: ConnectionDocument }[] = [];
  pending: { runs: readonly PendingRun[]; total: number } = { runs: [], total: 0 };
  /** What a deploy does besides: may throw, wait, or answer problems. */
  onDeploy: (flow: Flow, revision: number) => readonly Problem[] | Promise<readonly Problem[]> = () => [];

  async deploy(flow: Flow, revision: number): Promise<DeployOutcome> {
    this.calls.push(`deploy ${flow.id} ${revision}`);
    const problems = await this.onDeploy(flow, revision);
    this.flows.set(flow.id, { flow, live: { revision, state: 'live', problems } });
    return { state: 'live', problems, started: Object.keys(flow.nodes), restarted: [], stopped: [], kept: [], moves: [], parks: [] };
  }
  async preview(flow: Flow): Promise<DeployEffects> {
    return { started: Object.keys(flow.nodes), restarted: [], stopped: [], kept: [], moves: [], parks: [] };
  }
  async stop(flow: string): Promise<void> {
    this.calls.push(`stop ${flow}`);
    const known = this.flows.get(flow);
    if (known) this.flows.set(flow, { ...known, live: { ...known.live, state: 'stopped' } });
  }
  async know(id: string, flow: Flow | undefined): Promise<void> { this.calls.push(`${flow ? 'know' : 'forget'} ${id}`); }
  async remove(flow: string): ReturnType<FlowHost['remove']> {
    this.calls.push(`remove ${flow}`);
    this.flows.delete(flow);
    return { pending: 3, deadLetters: 1 };
  }
  live(flow: string): Live | undefined { return this.flows.get(flow)?.live; }
  async connectionChanged(name: string): Promise<void> { this.calls.push(`changed ${name}`); }
  connectionState(): { readonly state: 'unused' } { return { state: 'unused' }; }
  async tryConnection(): Promise<never> { return notPlayed(); }
  async testConnection(name: string, document: ConnectionDocument): ReturnType<FlowHost['testConnection']> {
    this.tested.push({ name, document });
    return { ok: true, message: { en: 'works', ru: 'работает' }, ms: 1 };
  }
  async pendingRuns(query: { readonly flow?: string; readonly among?: readonly string[]; readonly limit: number }): ReturnType<FlowHost['pendingRuns']> {
    const runs = this.pending.runs.filter(({ id, flow }) => (query.flow === undefined || flow === query.flow) && (query.among?.includes(id) ?? true));
    return { runs: runs.slice(0, query.limit), total: this.pending.total, more: false };
  }
  async pathOf(): ReturnType<FlowHost['pathOf']> { return { steps: [], pending: [] }; }
  get context(): never { return notPlayed(); }
  get replays(): never { return notPlayed(); }
  deadLetterCount(): number { return 0; }
  async inject(): Promise<never> { return notPlayed(); }
  counters(): never { return notPlayed(); }
  async tryNode(): Promise<never> { return notPlayed(); }
  lastMessages(): never { return notPlayed(); }
  get letters(): never { return notPlayed(); }
  async cancelRun(): Promise<never> { return notPlayed(); }
  readonly blames = new Map<string, number>();
  blamed(flow: string): number { return this.blames.get(flow) ?? 0; }
  journal(): never { return notPlayed(); }
  store(): never { return notPlayed(); }
  serveHooks(): never { return notPlayed(); }
  async shutdown(): Promise<void> { this.calls.push('shutdown'); }
}

function notPlayed(): never {
  throw new Error('the recording host does not play this part: the project never asks for it');
}
