import { systemClock, type Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { FusedFunctions, FusedResult, SandboxDoor, SandboxFunction, SandboxProgram, SandboxResult } from '../sdk/context.ts';
import type { RowCode } from '../sdk/row-code.ts';
import type { Analysis } from './analyse.ts';
import type { ModuleDoor } from './bundle.ts';
import { CodeReader } from './code-reader.ts';
import { failed, failure, fusedResultOf, resultOf } from './failures.ts';
import { MessageCalls, type CallRules } from './fetch-calls.ts';
import { Grant } from './fetch-grant.ts';
import { failureBefore, type Definition } from './frames.ts';
import type { GuestConfig, StageConfig } from './guest/state.ts';
import { Link, type BatchCall, type LinkEnd, type Priority } from './link.ts';
import { Serving } from './serving.ts';
import { codesBefore, comingBack, comingBackBy, crossesWell, fusible, isMade, keysOfAll, type Made, type Place } from './fusing.ts';
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

const SUSPECTS_IDLE_MS = 10_000; // a process for suspects stays for the next one

/**
 * Runs user code in processes of their own. One serves all function nodes. What does not behave goes on in others, which yield to it: a function whose code did not end
 * or ran out of memory in one beside others of that kind; what was in a process that died one by one in another, so that the message to blame is found.
 */
export class SandboxSupervisor implements SandboxDoor {
  readonly #clock: Clock;
  readonly #program: string;
  readonly #modules: ModuleDoor | undefined;
  /** Not shared with who reads drafts: a deploy would wait for the worst of them. */
  readonly #reader = new CodeReader();
  readonly #log: NonNullable<SandboxOptions['log']>;
  readonly #carrier: Carrier = { together: (call) => { this.#serving.run(call); }, apart: (call, pauseMs) => { this.#later(pauseMs, () => { this.#apart.run(call); }); }, alone: (call, pauseMs) => { this.#later(pauseMs, () => { this.#suspect(call); }); }, closed: (fn) => { this.#forget(fn); } };
  readonly #cells = new Map<string, number>();
  readonly #open = new Set<number>();
  readonly #made = new WeakMap<SandboxFunction, Made>();
  readonly #fetches = new Turnstile(limits.sandboxFetchAtOnce);
  readonly #answers = new Turnstile(limits.sandboxFetchHeldBytes);
  readonly #bodies = new Turnstile(limits.sandboxFetchHeldBytes);
  #ids = 0;
  #closed = false;

  readonly #serving: Serving;
  /** For functions whose code did not end, or ran out of memory, a short while ago: there they cannot hold up those that behave. */
  readonly #apart: Serving;
  /** Takes one message at a time: when this process ends, that one did it. */
  readonly #probe: Serving;
  #suspects: BatchCall[] = [];
  #isProbing = false;
  #stopIdle: (() => void) | undefined;

  constructor(options: SandboxOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#program = options.program ?? process.execPath;
    this.#modules = options.modules;
    this.#log = options.log ?? (() => undefined);
    const parts = { clock: this.#clock, log: this.#log, link: (priority: Priority, onEnd: (end: LinkEnd) => void) => this.#link(priority, onEnd) };
    const background = { ...parts, priority: 'lowest', idleMs: SUSPECTS_IDLE_MS } as const;
    this.#serving = new Serving({ ...parts, priority: 'normal' });
    this.#apart = new Serving(background);
    this.#probe = new Serving({ ...background, isAlone: true });
  }

  async open(program: SandboxProgram): Promise<SandboxFunction> {
    const read = await this.#reader.read(program);
    if (!('source' in read)) throw new NodeFailure(read.code, read.text, { details: read.details });
    // What calls servers waits, under whatever name.
    const analysis = asks(program) ? { ...read, plain: false } : read;
    const made = (program.modules ?? []).length === 0 ? { program, analysis } : await this.#withModules(program, analysis);
    const id = this.#newId();
    const definition = this.#define(this.#cellFor(program), [made]);
    const told = { timeoutMs: definition.timeoutMs, memoryMb: definition.memoryMb, modules: made.modules, isClosing: program.isClosing };
    const opened = new SandboxedFunction<SandboxResult>({
      id, keys: analysis.keys, usesId: made.analysis.usesId, definition, read: (given, message) => resultOf(given, message.body, told), failed: (code, cause) => failed(code, cause, told),
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
  async #setUp(opened: SandboxedFunction<SandboxResult>, { program, analysis, modules }: Made): Promise<void> {
    const why = await opened.ready();
    if (!why || why.reason === 'unavailable') return;
    await opened.close();
    const cause = failureBefore(analysis.setup === null ? 'modules' : 'setup', why);
    const { code, text, details } = failure(cause.reason === 'broken' ? 'crashed' : cause.reason, cause, { modules, isClosing: program.isClosing });
    throw new NodeFailure(code, text, { details });
  }

  #callsBy({ fetch, links = false }: SandboxProgram): Pick<FunctionParts<SandboxResult>, 'callsOf' | 'judge'> {
    const rules: CallRules = { grant: fetch && new Grant(fetch), links, turnstiles: [new Turnstile(limits.sandboxFetchAtOnceOfNode), this.#fetches], rooms: [new Turnstile(limits.sandboxFetchHeldBytesOfNode), this.#answers], bodyRooms: [new Turnstile(limits.sandboxFetchHeldBytesOfNode), this.#bodies] };
    return {
      callsOf: (message) => new MessageCalls(rules, message.net),
      judge: (result, calls) => ('failure' in result ? { ...result, failure: calls.judge(result.failure) } : result),
    };
  }

  fuse(row: readonly (SandboxFunction | RowCode)[]): FusedFunctions | undefined {
    const places = row.flatMap((each): Place | [] => ('source' in each ? each : this.#made.get(each) ?? []));
    const [first] = places.filter(isMade);
    if (!first || places.length !== row.length || !fusible(places)) return undefined;
    const definition = this.#define(this.#cellFor(first.program), places);
    const of = { timeoutMs: definition.timeoutMs, memoryMb: definition.memoryMb, places: places.flatMap((place, at) => (isMade(place) ? [at] : [])) };
    return new SandboxedFunction<FusedResult | undefined>({
      id: this.#newId(), keys: keysOfAll(places), usesId: first.analysis.usesId, definition, crosses: crossesWell(places),
      read: (given, message) => (Array.isArray(given) ? fusedResultOf(given as never, of) : message.traced ? undefined : AGAIN),
      failed: () => undefined,
    }, this.#carrier);
  }

  #newId(): number {
    const id = ++this.#ids;
    this.#open.add(id);
    // Started ahead of the first message, and not waited for.
    this.#stopIdle?.();
    this.#serving.start();
    return id;
  }

  /** Ends every process. What is in work gets no result any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopIdle?.();
    this.#serving.close();
    this.#apart.close();
    this.#probe.close();
  }

  /** Process ids of what runs now, for the screens and tests. */
  get processes(): readonly number[] { return [this.#serving.pid, this.#apart.pid, this.#probe.pid].filter((pid) => pid !== undefined); }

  #define(cell: string, row: readonly Place[]): Definition {
    const made = row.filter(isMade);
    const [{ program: { memoryMb } }] = made as [Made];
    const timeoutMs = made.reduce((sum, { program }) => sum + program.timeoutMs, 0);
    const whole = comingBackBy(row);
    const codes = codesBefore(row);
    const stages = made.map(({ program, analysis }, at): StageConfig => ({ config: this.#guest(program, analysis), whole: whole[at] ?? comingBack(null), codes: codes[at]?.length ?? 0 }));
    return {
      cell, memoryMb, timeoutMs, plain: made.every(({ analysis }) => analysis.plain), asks: made.some(({ program }) => asks(program)),
      sources: made.map(({ analysis: { source, setup } }) => ({ code: source, setup })), between: codes.flat(), moduleSource: made[0]?.modules?.source, guest: JSON.stringify(stages),
    };
  }

  #guest({ flow = '', node, outputs, env, timeoutMs, modules = [], fetch, links = false, isClosing = false }: SandboxProgram, { plain, keys, setup, setupNames }: Analysis): GuestConfig {
    return {
      flow, nodeId: node.id, nodeName: node.name, outputs, env, timeoutMs, cpuMs: limits.sandboxCpuMs, plain, hasSetup: setup !== null, isClosing, setupNames, moduleNames: modules.map(({ name }) => name),
      ...comingBack(keys),
      sliceMs: limits.sandboxSliceMs, partChars: limits.sandboxPartChars, wholeChars: limits.sandboxWholeChars, pieceChars: limits.sandboxPieceChars, outputChars: limits.sandboxOutputBytesMax, bodiesMax: limits.sandboxBodiesMax,
      logsMax: limits.sandboxLogsPerMessage, logChars: limits.sandboxLogBytesMax, timersMax: limits.sandboxTimersMax,
      ...((fetch ?? links) && { net: { servers: fetch !== undefined, links, reads: fetch?.methods === 'read', calls: limits.sandboxFetchCallsMax, headChars: limits.sandboxFetchHeadChars, bodyBytes: limits.sandboxFetchRequestBytes, smallBytes: limits.fetchSmallBytes } }),
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

  #link(priority: Priority, onEnd: (end: LinkEnd) => void): Link | undefined {
    try {
      return new Link({ clock: this.#clock, program: this.#program, priority }, onEnd);
    } catch (error) {
      this.#log('error', `the sandbox's process could not be started: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #later(pauseMs: number | undefined, run: () => void): void {
    if (pauseMs) this.#clock.after(pauseMs, run);
    else run();
  }

  #suspect(call: BatchCall): void {
    this.#suspects.push(call);
    this.#nextSuspect();
  }

  #nextSuspect(): void {
    if (this.#isProbing || this.#closed) return;
    const call = this.#suspects.shift();
    if (!call) return;
    this.#isProbing = true;
    const next = (): void => {
      this.#isProbing = false;
      this.#nextSuspect();
    };
    this.#probe.run({
      ...call,
      take: (results, last) => { call.take(results, last); if (last) next(); },
      failed: (failed) => { call.failed(failed); next(); },
    });
  }

  #forget(fn: number): void {
    this.#open.delete(fn);
    this.#serving.forget(fn);
    this.#apart.forget(fn);
    this.#probe.forget(fn);
    if (this.#open.size > 0) return;
    this.#cells.clear();
    this.#stopIdle?.();
    this.#stopIdle = this.#clock.after(limits.sandboxIdleMs, () => { if (this.#open.size === 0) this.#serving.stopIdle('no function nodes are left'); });
  }
}
