import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { CancelAnswer, DeployEffects, LastMessages, LiveCounters, PendingMessage } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { ConnectionDocument, Flow, Json, Text } from '../flow/flow.ts';
import type { DeployOutcome, FlowHost } from '../host.ts';
import { limits } from '../limits.ts';
import type { Receipt } from '../sdk/context.ts';
import { Contexts } from './contexts.ts';
import { CountersOf } from './counters.ts';
import { DeadLetters } from './dead-letters.ts';
import { FlowRunner } from './flow-runner.ts';
import { cancelRun } from './cancel.ts';
import type { ReadRevision } from './pinned.ts';
import type { HistoryPump } from './history-pump.ts';
import { Links } from './links.ts';
import { runStepOf } from './path.ts';
import { Replays } from './replays.ts';
import { Tries } from './tries.ts';
import type { Services } from './services.ts';
import type { Segment } from './segment.ts';

/** Runs deployed flows: the driver's door. */
export class DriverHost implements FlowHost {
  readonly #services: Services;
  readonly #runners = new Map<string, FlowRunner>();
  readonly #counters = new Map<string, CountersOf>();
  readonly #pump: HistoryPump;
  readonly #blamed = new Map<string, number>();
  readonly letters: DeadLetters;
  readonly replays: Replays;
  readonly context: Contexts;
  readonly #tries: Tries;
  #stopPruning: () => void = () => undefined;
  #closing = false;

  constructor(services: Omit<Services, 'links'>, pump: HistoryPump) {
    this.#services = { ...services, links: new Links(services, (flow) => this.#runners.get(flow)) };
    this.#pump = pump;
    this.context = new Contexts(this.#services);
    this.#tries = new Tries(this.#services);
    this.replays = new Replays(this.#services, (flow) => this.#runners.get(flow));
    this.letters = new DeadLetters(this.#services, {
      runner: (flow) => this.#runners.get(flow),
      counted: ({ flow, node }, by) => { this.#runner(flow).count(node).deadLetters += by; },
    }, this.replays);
    this.#services.suspects.onFreed(() => { for (const runner of this.#runners.values()) runner.scheduleAll(); });
    this.#services.connections.onResumed((resource) => { for (const runner of this.#runners.values()) runner.resumed(resource); });
  }

  /** Reads what the journal says of earlier times. Before the first deploy. */
  async open(): Promise<void> {
    const { clock, journal } = this.#services;
    for (const { flow, blamed } of await journal.crashing(clock.now() - limits.blamedWithinMs)) if (blamed >= limits.blamedMax) this.#blamed.set(flow, blamed);
    for (const { flow, node, count } of await this.#services.journal.deadLetterCounts()) {
      this.#runner(flow).count(node).deadLetters = count;
    }
    this.#pump.start();
    this.#prune();
  }

  async deploy(flow: Flow, revision: number, read?: ReadRevision): Promise<DeployOutcome> {
    return await this.#runner(flow.id).deploy(flow, revision, read);
  }

  async preview(flow: Flow): Promise<DeployEffects> { return await this.#runner(flow.id).parking.preview(flow); }

  async stop(flow: string): Promise<void> { await this.#runners.get(flow)?.stop(); }
  async know(id: string, flow: Flow | undefined): Promise<void> { await (flow ? this.#runner(id) : this.#runners.get(id))?.addresses.know(flow); }

  async remove(flow: string): ReturnType<FlowHost['remove']> {
    const runner = this.#runners.get(flow);
    if (runner) await this.#end(runner);
    this.#runners.delete(flow);
    this.#counters.get(flow)?.close();
    this.#counters.delete(flow);
    const { journal } = this.#services;
    const gathered = (await journal.atRest(flow)).reduce((sum, { kept }) => sum + kept, 0);
    const forgotten = { pending: await journal.pendingTotal(flow) + gathered, deadLetters: await journal.deadLetterTotal({ flow }) };
    await journal.removeFlow(flow);
    this.#services.states.forget(flow);
    return forgotten;
  }

  live(flow: string): ReturnType<FlowHost['live']> {
    const runner = this.#runners.get(flow);
    return runner?.revision && { revision: runner.revision.number, state: runner.state, problems: runner.problems };
  }

  async inject(flow: string, node: string, body?: { readonly [key: string]: Json }): Promise<{ readonly runId?: string }> {
    const runner = this.#live(flow);
    if (!runner.unit(node)) throw new Failure('flow.node-not-found', { en: `injecting into flow ${flow}: the live revision has no node ${node}; deploy first`, ru: `ввод в поток ${flow}: в работающей ревизии нет узла ${node}; сначала примените` });
    if (body === undefined && runner.press(node)) return {};
    return { runId: (await runner.injectAt(node, body ?? {})).runId };
  }

  /** Feeds a node as its source would, or as an upstream node would. */
  async deliver({ flow, node, body, key, reply }: { readonly flow: string; readonly node: string; readonly body: { readonly [key: string]: Json }; readonly key?: string; readonly reply: boolean }): Promise<Receipt> {
    const runner = this.#live(flow);
    const port = runner.unit(node)?.definition?.start ? runner.unit(node)?.defaultPort ?? '' : '';
    return await runner.acceptance.accept({ node, port, body, key: key ?? null, options: reply ? { reply: { timeoutMs: limits.replyTimeoutMs } } : {} });
  }

  async tryNode(flow: Flow, node: string, body: { readonly [key: string]: unknown }): ReturnType<FlowHost['tryNode']> { return await this.#tries.run(flow, node, body); }

  counters(flow: string): LiveCounters {
    let counters = this.#counters.get(flow);
    if (!counters) this.#counters.set(flow, (counters = new CountersOf(this.#runner(flow), this.#services)));
    return counters.read();
  }

  lastMessages(flow: string, node: string): LastMessages {
    const runner = this.#runners.get(flow);
    const count = runner?.nodeCounts.get(node);
    const outputs = [...(runner?.unit(node)?.outs.values() ?? [])].flatMap((port) => (port.lastSegment ? [[port.id, shown(port.lastSegment, port.lastBody)] as const] : []));
    return { ...(count?.inSegment && { input: shown(count.inSegment, count.inBody) }), outputs: Object.fromEntries(outputs) };
  }

  async pendingRuns(query: Parameters<FlowHost['pendingRuns']>[0]): ReturnType<FlowHost['pendingRuns']> {
    const runs = await this.#services.journal.pendingRuns(query);
    const { runs: total, more } = await this.#services.journal.pendingRunCount(query.flow);
    return { total, more, runs: runs.map(({ run, ...rest }) => ({ id: run, ...rest, state: 'pending' })) };
  }

  async pathOf(run: string): ReturnType<FlowHost['pathOf']> {
    const { journal, history } = this.#services;
    const rows = await journal.pendingOf(run, limits.pageSizeMax);
    const steps = await history.listSteps(run, limits.stepsOfRunMax);
    return { ...(steps[0] && { flow: steps[0].flow }), steps: steps.map(runStepOf), pending: rows.map(({ id, node, state, attempt, due }): PendingMessage => ({ messageId: id, node, state: SHOWN_STATES[state], attempt, ...(due !== null && { due }) })) };
  }

  async cancelRun(run: string): Promise<CancelAnswer> {
    const discarded = await cancelRun(this.#services, [...this.#runners.values()], run);
    if (discarded === 0) throw new Failure('run.not-pending', { en: `cancelling run ${run}: nothing of it is pending; it has ended, or there is no such run`, ru: `отмена запуска ${run}: от него ничего не ожидает; он завершён или такого запуска нет` });
    // Whoever looks next finds it ended.
    await this.#services.history.flush().catch((error: unknown) => this.#services.bug(error, { en: 'writing run history', ru: 'запись истории запусков' }));
    return { discarded };
  }

  deadLetterCount(flow: string): number {
    return [...(this.#runners.get(flow)?.nodeCounts.values() ?? [])].reduce((sum, count) => sum + count.deadLetters, 0);
  }

  async connectionChanged(name: string): Promise<void> { await this.#services.connections.changed(name); }
  connectionState(name: string): ReturnType<FlowHost['connectionState']> { return this.#services.connections.state(name); }
  async tryConnection(name: string): ReturnType<FlowHost['tryConnection']> { return await this.#services.connections.tryNow(name); }
  async testConnection(name: string, document: ConnectionDocument): ReturnType<FlowHost['testConnection']> { return await this.#services.connections.test(name, document); }

  blamed(flow: string): number { return this.#blamed.get(flow) ?? 0; }
  store(): ReturnType<FlowHost['store']> {
    const { trouble } = this.#pump;
    return trouble instanceof Failure ? { state: 'waiting', reason: trouble.message, code: 'store.unavailable' } : { state: 'well' };
  }
  journal(): ReturnType<FlowHost['journal']> {
    const { health } = this.#services.journal;
    if (health.state !== 'well') return { ...health, code: health.state === 'damaged' ? 'journal.damaged' : 'journal.unavailable' };
    return this.#services.disk.low ? { state: 'waiting', reason: 'the disk of the data folder is filled up to its reserve', code: 'journal.disk-low' } : health;
  }

  serveHooks(server: Server, otherwise: (request: IncomingMessage, response: ServerResponse) => void): void {
    this.#services.hooks.serve(server, otherwise);
  }

  /** Something is in a call or waits for one, as opposed to waiting for its time. */
  get busy(): boolean {
    return [...this.#runners.values()].some((runner) => runner.working > 0 || [...runner.stations.values()].some((station) => station.queued > 0));
  }
  /** What is queued is queued only because its connection is paused: nothing happens before a probe. */
  get pausedOnly(): boolean {
    return [...this.#runners.values()].every((runner) => runner.working === 0 && [...runner.stations.values()].every((station) => station.queued === 0 || station.paused.length > 0));
  }
  /** Messages that wait for their due time, or in an open window. */
  get waiting(): boolean {
    return [...this.#runners.values()].some((runner) => runner.waiting);
  }

  async shutdown(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#stopPruning();
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
    const leftMs = await this.#drained();
    await Promise.all([
      this.#inTime(Promise.all([...this.#runners.values()].map((runner) => runner.stopped())), STOPPING_NODES, leftMs),
      this.#inTime(Promise.all([...this.#runners.values()].map((runner) => runner.saveVolatile())), { en: 'writing what memory mode holds', ru: 'запись того, что хранит режим memory' }),
    ]);
    await Promise.all([...this.#runners.values()].map((runner) => runner.dispose()));
    await this.#inTime(this.#pump.stop(), { en: 'writing run history', ru: 'запись истории запусков' });
    await this.#services.connections.closeAll();
    await this.#services.journal.close();
  }

  async #end(runner: FlowRunner): Promise<void> {
    await runner.stop();
    await this.#inTime(runner.stopped(), STOPPING_NODES);
    await runner.dispose();
  }

  /** Calls under way may end, up to the drain limit; what is left stays in the journal. Answers how much of that time is left. */
  async #drained(): Promise<number> {
    const { clock } = this.#services;
    const until = clock.elapsed() + limits.drainMs;
    while (clock.elapsed() < until && [...this.#runners.values()].some((runner) => runner.working > 0)) {
      await new Promise<void>((resolve) => { clock.after(DRAIN_LOOK_MS, resolve); });
    }
    return until - clock.elapsed();
  }

  /** A journal that cannot be written never ends a stop: it is told, and the stop goes on. */
  async #inTime(work: Promise<unknown>, what: Text, leftMs = 0): Promise<void> {
    const { clock, bug } = this.#services;
    const ms = Math.max(limits.lastWritesMs, leftMs);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.after(ms, () => { reject(new Error(`not done within ${Math.round(ms / 100) / 10} s of stopping`)); });
    try {
      await Promise.race([work, late]);
    } catch (error) {
      bug(error, what);
    } finally {
      cancel();
    }
  }

  #prune(): void {
    const { clock, journal, timers } = this.#services;
    const now = clock.now();
    journal.prune({ events: now - limits.eventIdsKeptMs, answers: now - limits.answersKeptMs, answerBytes: limits.answersQuotaBytes })
      .catch((error: unknown) => this.#services.bug(error, { en: 'removing old event ids and answers', ru: 'удаление старых идентификаторов событий и ответов' }));
    this.letters.prune().catch((error: unknown) => this.#services.bug(error, { en: 'removing old dead letters', ru: 'удаление старых недоставленных' }));
    this.#stopPruning = timers.after(PRUNE_EVERY_MS, () => this.#prune());
  }

  #runner(flow: string): FlowRunner {
    let runner = this.#runners.get(flow);
    if (!runner) this.#runners.set(flow, (runner = new FlowRunner(flow, this.#services)));
    return runner;
  }

  #live(flow: string): FlowRunner {
    const runner = this.#runners.get(flow);
    if (runner?.state === 'live') return runner;
    throw new Failure('flow.not-live', { en: `injecting into flow ${flow}: it is not running; deploy or start it first`, ru: `ввод в поток ${flow}: он не запущен; сначала примените или запустите его` });
  }
}

/** By the state of the row. */
const SHOWN_STATES = ['queued', 'calling', 'retrying', 'held', 'queued'] as const;
const STOPPING_NODES: Text = { en: 'stopping nodes', ru: 'остановка узлов' };
const DRAIN_LOOK_MS = 20;
const PRUNE_EVERY_MS = 60 * 60 * 1000;

const shown = ({ at, origin }: Segment, body: unknown) => ({ at, runId: origin.run.id, body, truncated: false });
