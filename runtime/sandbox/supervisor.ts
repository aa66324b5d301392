import { systemClock, type Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { FusedFunctions, FusedResult, SandboxDoor, SandboxFunction, SandboxProgram, SandboxResult } from '../sdk/context.ts';
import type { Analysis } from './analyse.ts';
import type { ModuleDoor } from './bundle.ts';
import { failed, failure, fusedResultOf, resultOf } from './failures.ts';
import { MessageCalls, type CallRules } from './fetch-calls.ts';
import { Grant } from './fetch-grant.ts';
import { failureBefore, type Definition } from './frames.ts';
import type { GuestConfig } from './guest/state.ts';
import { Link, type BatchCall, type LinkEnd } from './link.ts';
import { comingBack, fusible, keysOfAll, type Made } from './fusing.ts';
import { checkNames } from './module-names.ts';
import { AGAIN, SandboxedFunction, type Carrier, type FunctionParts } from './sandboxed-function.ts';
import { Turnstile } from './turnstile.ts';

/** It asks others while it runs, so it waits, under whatever name. */
const asks = ({ fetch, links }: SandboxProgram): boolean => fetch !== undefined || links === true;

export interface SandboxOptions {
  readonly clock?: Clock;
  /** The Node that runs the child; this process's own unless said. */
  readonly program?: string;
  /** Without it no module is allowed. */
  readonly modules?: ModuleDoor;
  readonly log?: (level: 'info' | 'warn' | 'error', text: string, details?: object) => void;
}

const NOT_STARTED = { message: 'isolated-vm has no native file for this platform', others: [] };
const RESTART_FIRST_MS = 100;
const STEADY_MS = 10_000; // a process that lived so long did not die of its start
const SUSPECTS_IDLE_MS = 10_000; // the process for suspects stays for the next one

/**
 * Runs user code in processes of their own. One serves all function nodes. When it dies, what was in it runs one by one in a second process, so
 * that the message to blame is found while everything else goes on in a new first one.
 */
export class SandboxSupervisor implements SandboxDoor {
  readonly #clock: Clock;
  readonly #program: string;
  readonly #modules: ModuleDoor | undefined;
  readonly #log: NonNullable<SandboxOptions['log']>;
  readonly #carrier: Carrier = { together: (call) => { this.#serve(call); }, alone: (call) => { this.#suspect(call); }, closed: (fn) => { this.#forget(fn); } };
  readonly #cells = new Map<string, number>();
  readonly #open = new Set<number>();
  readonly #made = new WeakMap<SandboxFunction, Made>();
  readonly #fetches = new Turnstile(limits.sandboxFetchAtOnce);
  #ids = 0;
  #closed = false;

  #serving: Link | undefined;
  /** Batches that wait for a process to be started. */
  #held: BatchCall[] = [];
  #starting = false;
  #shortLives = 0;
  #failedStarts = 0;

  #suspects: BatchCall[] = [];
  #probe: Link | undefined;
  #probing: BatchCall | undefined;
  #stopIdle: (() => void) | undefined;

  constructor(options: SandboxOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#program = options.program ?? process.execPath;
    this.#modules = options.modules;
    this.#log = options.log ?? (() => undefined);
  }

  async open(program: SandboxProgram): Promise<SandboxFunction> {
    // Loaded with the first function node: most starts have none.
    const { analyse } = await import('./analyse.ts');
    const erase = program.language === 'typescript' ? (await import('./erase-types.ts')).eraseTypes : (code: string) => code;
    const [erased, setup] = [erase(program.code), erase(program.setup ?? '')];
    const used = program.modules ?? [];
    const read = typeof erased !== 'string' ? erased : typeof setup === 'string' ? analyse(erased, setup, used.map(({ name }) => name)) : { ...setup, inSetup: true };
    if (!('source' in read)) {
      const { code, text, details } = failure('inSetup' in read ? 'setup' : 'syntax', read);
      throw new NodeFailure(code, text, { details });
    }
    // What calls servers waits, under whatever name.
    const analysis = asks(program) ? { ...read, plain: false } : read;
    const made = used.length === 0 ? { program, analysis } : await this.#withModules(program, analysis);
    const id = this.#newId();
    const definition = this.#define(this.#cellFor(program), [made]);
    const told = { timeoutMs: definition.timeoutMs, memoryMb: definition.memoryMb, modules: made.modules };
    const opened = new SandboxedFunction<SandboxResult>({
      id, keys: analysis.keys, usesId: made.analysis.usesId, definition, read: (given, message) => resultOf(given, message, told), failed: (code, cause) => failed(code, cause, made.modules),
      ...(asks(program) && this.#callsBy(program)),
    }, this.#carrier);
    this.#made.set(opened, made);
    if (analysis.setup !== null || made.modules) await this.#setUp(opened, made);
    return opened;
  }

  /** Chance may come from any of them. */
  async #withModules(program: SandboxProgram, analysis: Analysis): Promise<Made> {
    const used = program.modules ?? [];
    checkNames(used);
    const modules = this.#modules && await this.#modules.bundle(used.map(({ module }) => module));
    if (!modules) throw new NodeFailure('function.modules', { en: 'No modules are available here.', ru: 'Модули здесь недоступны.' }, { details: { field: 'modules' } });
    return { program, analysis: { ...analysis, plain: analysis.plain && !modules.waits, usesId: true }, modules };
  }

  /** Tried at once, so that the deploy says what is wrong with it. */
  async #setUp(opened: SandboxedFunction<SandboxResult>, { analysis, modules }: Made): Promise<void> {
    const why = await opened.ready();
    if (!why || why.reason === 'unavailable') return;
    await opened.close();
    const cause = failureBefore(analysis.setup === null ? 'modules' : 'setup', why);
    const { code, text, details } = failure(cause.reason === 'broken' ? 'crashed' : cause.reason, cause, modules);
    throw new NodeFailure(code, text, { details });
  }

  #callsBy({ fetch, links = false }: SandboxProgram): Pick<FunctionParts<SandboxResult>, 'callsOf' | 'judge'> {
    const rules: CallRules = { grant: fetch && new Grant(fetch), links, turnstiles: [new Turnstile(limits.sandboxFetchAtOnceOfNode), this.#fetches] };
    return {
      callsOf: (message) => new MessageCalls(rules, message.net),
      judge: (result, calls) => ('failure' in result ? { ...result, failure: calls.judge(result.failure) } : result),
    };
  }

  fuse(functions: readonly SandboxFunction[]): FusedFunctions | undefined {
    const made = functions.flatMap((each) => this.#made.get(each) ?? []);
    const [first] = made;
    if (!first || made.length !== functions.length || !fusible(made)) return undefined;
    const definition = this.#define(this.#cellFor(first.program), made);
    return new SandboxedFunction<FusedResult | undefined>({
      id: this.#newId(), keys: keysOfAll(made), usesId: first.analysis.usesId, definition,
      read: (given, message) => (Array.isArray(given) ? fusedResultOf(given as never, message, definition) : message.traced ? undefined : AGAIN),
      failed: () => undefined,
    }, this.#carrier);
  }

  #newId(): number {
    const id = ++this.#ids;
    this.#open.add(id);
    // Started ahead of the first message, and not waited for.
    if (!this.#serving && !this.#starting) this.#start();
    return id;
  }

  /** Ends every process. What is in work gets no result any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopIdle?.();
    this.#serving?.kill('closed', 'the sandbox was closed');
    this.#probe?.kill('closed', 'the sandbox was closed');
  }

  /** Process ids of what runs now, for the screens and tests. */
  get processes(): readonly number[] { return [this.#serving?.pid, this.#probe?.pid].filter((pid) => pid !== undefined); }

  #define(cell: string, made: readonly Made[]): Definition {
    const [{ program: { memoryMb } }] = made as [Made];
    const timeoutMs = made.reduce((sum, { program }) => sum + program.timeoutMs, 0);
    const guests = made.map(({ program, analysis }) => this.#guest(program, analysis));
    return {
      cell, memoryMb, timeoutMs, plain: made.every(({ analysis }) => analysis.plain), asks: made.some(({ program }) => asks(program)),
      sources: made.map(({ analysis: { source, setup } }) => ({ code: source, setup })), moduleSource: made[0]?.modules?.source, guest: JSON.stringify({ stages: guests, whole: comingBack(keysOfAll(made)) }),
    };
  }

  #guest({ flow = '', node, outputs, env, timeoutMs, modules = [], fetch, links = false }: SandboxProgram, { plain, keys, setup, setupNames }: Analysis): GuestConfig {
    return {
      flow, nodeId: node.id, nodeName: node.name, outputs, env, timeoutMs, cpuMs: limits.sandboxCpuMs, plain, hasSetup: setup !== null, setupNames, moduleNames: modules.map(({ name }) => name),
      ...comingBack(keys),
      sliceMs: limits.sandboxSliceMs, partChars: limits.sandboxPartChars, outputChars: limits.sandboxOutputBytesMax, bodiesMax: limits.sandboxBodiesMax,
      logsMax: limits.sandboxLogsPerMessage, logChars: limits.sandboxLogBytesMax, timersMax: limits.sandboxTimersMax,
      ...((fetch ?? links) && { net: { servers: fetch !== undefined, links, reads: fetch?.methods === 'read', calls: limits.sandboxFetchCallsMax, headChars: limits.sandboxFetchHeadChars, bodyBytes: limits.sandboxFetchRequestBytes } }),
    };
  }

  /** Nodes of one flow and memory share an isolate, up to a number. One with modules has its own: they take memory, and time for each message. */
  #cellFor({ flow = '', memoryMb, modules = [] }: SandboxProgram): string {
    const group = `${flow}/${memoryMb}`;
    if (modules.length > 0) return `${group}/own/${this.#ids}`;
    const count = this.#cells.get(group) ?? 0;
    this.#cells.set(group, count + 1);
    return `${group}/${Math.floor(count / limits.sandboxCellFunctions)}`;
  }

  #serve(call: BatchCall): void {
    if (this.#serving) this.#serving.run(call);
    else {
      this.#held.push(call);
      this.#start();
    }
  }

  #start(): void {
    this.#stopIdle?.();
    if (this.#starting || this.#closed) return;
    this.#starting = true;
    const pause = this.#shortLives < 2 ? 0 : Math.min(limits.sandboxRestartMaxMs, RESTART_FIRST_MS * 2 ** (this.#shortLives - 2));
    if (pause === 0) this.#started();
    else this.#clock.after(pause, () => { this.#started(); });
  }

  #started(): void {
    this.#starting = false;
    if (this.#closed) return;
    const link = this.#link((end) => { this.#servingEnded(link, end); });
    this.#serving = link;
    if (link) for (const call of this.#held.splice(0)) link.run(call);
    else this.#notStarted(NOT_STARTED);
  }

  #link(onEnd: (end: LinkEnd) => void): Link | undefined {
    try {
      return new Link({ clock: this.#clock, program: this.#program }, onEnd);
    } catch (error) {
      this.#log('error', `the sandbox's process could not be started: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #servingEnded(link: Link | undefined, end: LinkEnd): void {
    if (this.#serving === link) this.#serving = undefined;
    if (end.reason === 'closed') return;
    // Ended by us for a known reason, it may start at once; what ends by itself again and again may not.
    this.#shortLives = end.reason === 'crashed' && end.livedMs < STEADY_MS ? this.#shortLives + 1 : 0;
    if (end.neverStarted) { this.#notStarted(end); return; }
    this.#failedStarts = 0;
    this.#log('warn', `the sandbox's process ended: ${end.message}; it is started anew`, { reason: end.reason, batches: end.others.length });
    this.#start();
    const { reason, message, guilty } = end;
    guilty?.failed({ reason: reason === 'crashed' ? 'broken' : reason, ended: true });
    // With the guilty one known the others were only lost; else each of them may be it.
    for (const call of end.others) call.failed(guilty ? { reason: 'lost' } : { reason: 'suspect', message });
  }

  #notStarted(end: Pick<LinkEnd, 'message' | 'others'>): void {
    this.#log('error', `the sandbox's process could not be started: ${end.message}`);
    if (++this.#failedStarts < limits.sandboxStartsMax) {
      this.#held.unshift(...end.others);
      if (this.#held.length > 0) this.#start();
      return;
    }
    for (const call of [...end.others, ...this.#held.splice(0)]) call.failed({ reason: 'unavailable', message: end.message });
  }

  #suspect(call: BatchCall): void {
    this.#suspects.push(call);
    this.#nextSuspect();
  }

  #nextSuspect(): void {
    if (this.#probing || this.#closed) return;
    const call = this.#suspects.shift();
    this.#probing = call;
    if (!call) {
      const idle = this.#probe;
      this.#clock.after(SUSPECTS_IDLE_MS, () => { if (idle?.idle && !this.#probing) idle.kill('closed', 'no suspects are left'); });
      return;
    }
    this.#probe ??= this.#startProbe();
    const probe = this.#probe;
    const next = (): void => {
      this.#probing = undefined;
      this.#nextSuspect();
    };
    const carried: BatchCall = {
      ...call,
      take: (results, last) => { call.take(results, last); if (last) next(); },
      failed: (failed) => { call.failed(failed); next(); },
    };
    if (probe) probe.run(carried);
    else carried.failed({ reason: 'unavailable', message: NOT_STARTED.message });
  }

  /** Takes one message at a time: when this process ends, that one did it. */
  #startProbe(): Link | undefined {
    const link = this.#link((end) => {
      if (this.#probe === link) this.#probe = undefined;
      if (end.reason === 'closed') return;
      const reason = end.reason === 'crashed' ? 'broken' : end.reason;
      for (const call of [end.guilty, ...end.others]) call?.failed(end.neverStarted ? { reason: 'unavailable', message: end.message } : { reason, ended: true, ...(reason === 'broken' && { message: end.message }) });
    });
    return link;
  }

  #forget(fn: number): void {
    this.#open.delete(fn);
    this.#serving?.forget(fn);
    this.#probe?.forget(fn);
    if (this.#open.size > 0) return;
    this.#cells.clear();
    this.#stopIdle?.();
    this.#stopIdle = this.#clock.after(limits.sandboxIdleMs, () => { if (this.#open.size === 0 && this.#serving?.idle) this.#serving.kill('closed', 'no function nodes are left'); });
  }
}
