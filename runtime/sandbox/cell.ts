import type { Isolate, Reference, Script } from 'isolated-vm';
import type ivmModule from 'isolated-vm';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { TokenBucket } from '../token-bucket.ts';
import type { Answers } from './answers.ts';
import { requestsIn } from './fetch-requests.ts';
import { failureBefore, type BatchFailure, type Definition } from './frames.ts';
import type { Starvation, TimeAt } from './starvation.ts';

/** One function of the host's definitions, inside its cell. */
export interface CellFunction { readonly definition: Definition; enter: Promise<Enter> | undefined; /** For its large results. */ readonly room: TokenBucket }
type Enter = Reference<(kind: number, number: number, text: string) => string>;

/** The batch gets no results: the isolate's walls fell, its code does not end, or it was lost with another's. */
export class Broken extends Error {
  readonly failure: BatchFailure;
  constructor(failure: BatchFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}

export interface CellTools {
  readonly ivm: typeof ivmModule;
  readonly clock: Clock;
  readonly guestSource: string;
  /** This process cannot go on: an isolate is beyond control, or it gets no time. */
  readonly fatal: (call: number, reason: 'timeout' | 'memory' | 'starved') => void;
  /** Of a process that runs only when nobody else wants to: what took too long in it may have been kept waiting. */
  readonly starvation: Starvation | undefined;
  /** What this process had of the cores until now. */
  readonly cpuMs: () => number;
}

interface Turn {
  readonly call: number;
  readonly run: () => Promise<string>;
  readonly budgetMs: number;
  /** The code may make promises: no other turn begins before this one is over, so that what surfaces late is known to be its. */
  readonly open: boolean;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Broken) => void;
  startedAt: number;
  settled: Promise<unknown>;
}
interface Asked { readonly given: Given; readonly kind: typeof STEP | typeof ANSWER; readonly number: number; readonly text: string; /** Of messages that have not begun, in a row. */ readonly turns: number }
/** A batch: its text, and the way of its code to the network. `ask` is missing where there is none. */
interface Given { readonly call: number; readonly text: string; /** Gets results as they become ready; a large list of them in pieces, of which the last is `part` or `end`. */ readonly part: (kind: 'piece' | 'part' | 'end', results: string) => void; readonly answers: Answers; readonly ask: ((asked: string) => void) | undefined; /** The code has an answer. */ readonly taken: () => void }

const STEP = 0;
const COLLECT = 1;
const BLAME = 2;
const SET_UP = 3;
const TRY_MODULES = 4;
const ANSWER = 5;
const END = 6;
const NEXT = 7;
const SLICE = 8;
const GRACE_MS = 250; // beyond the time that V8 itself enforces; a loaded machine is late by some tens
const SETTLE_MS = 500; // a disposed isolate lets go within some ms; one in a loop of native code never does
const TOO_LONG = '"c":"timeout"'; // in a result; code may write it too, and then it is only looked at
const WATCH_MS = 25; // how late a stuck turn is noticed
const TURNS_IN_A_ROW = 16; // of one batch, sent at once: the way to the isolate and back costs as much as three
const TURNS_AHEAD = 2; // the isolate's thread finds its next turn waiting instead of asking for it

/**
 * One isolate with a context for each function node of a flow. It takes turns one after the other, each under its own deadline. When a turn
 * does not end, or memory runs out, the isolate is thrown away: the batch of that turn is to blame, every other is lost and asked again.
 */
export class Cell {
  readonly #memoryMb: number;
  readonly #tools: CellTools;
  readonly #functions = new Set<CellFunction>();
  readonly #waits = new Set<(error: Broken) => void>();
  /** When the batches in work began, where starvation is looked for. */
  readonly #begun = new Map<number, TimeAt>();
  #isWorking = false;
  /** Turns between two slices of their answer: they want no core. */
  #breathing = 0;
  #isolate: Isolate | undefined;
  #prelude: Promise<Script> | undefined;
  #queue: Turn[] = [];
  #running: Turn[] = [];
  #watching = false;
  #batches = 0;

  constructor(memoryMb: number, tools: CellTools) {
    this.#memoryMb = memoryMb;
    this.#tools = tools;
  }

  add(fn: CellFunction): void { this.#functions.add(fn); }

  /** True when nobody is left and the isolate is gone. */
  remove(fn: CellFunction): boolean {
    this.#functions.delete(fn);
    fn.enter?.then((enter) => { enter.release(); }, () => undefined);
    if (this.#functions.size > 0) return false;
    this.#throwAway();
    return true;
  }

  /** Runs a batch to its end. Rejects with `Broken`. */
  async run(fn: CellFunction, given: Given): Promise<void> {
    const { starvation } = this.#tools;
    if (!starvation) { await this.#steps(fn, given); return; }
    this.#begun.set(given.call, starvation.batchBegan(this.#moment()));
    try {
      await this.#steps(fn, given);
    } finally {
      this.#begun.delete(given.call);
      starvation.batchEnded();
    }
  }

  async #steps(fn: CellFunction, given: Given): Promise<void> {
    const { call, answers, part } = given;
    const number = ++this.#batches;
    let asked: Asked = { given, kind: STEP, number, text: given.text, turns: 1 };
    for (;;) {
      // Once begun, messages that wait for something have their time running.
      if (asked.text === given.text || fn.definition.plain) await this.#room(fn, answers);
      let answer = await this.#turn(fn, asked);
      if (asked.kind === ANSWER) given.taken();
      // Judged before it leaves: the batch is to run again as if it had not begun.
      if (this.#isUnfair(call, answer)) { this.#tools.fatal(call, 'starved'); return; }
      if (answer.startsWith('q')) answer = pass(answer, given);
      const state = answer.charAt(0);
      const cut = state === 'd' ? 0 : answer.indexOf(';');
      const count = Number(answer.slice(1, cut));
      if (state === 'd' || answer.length > cut + 1) part(state === 'd' ? 'end' : 'part', answer.slice(cut + 1));
      if (state === 'd') return;
      if (state === 'w') await this.#wait(count, answers);
      const told = answers.next();
      asked = told === undefined ? { given, kind: STEP, number, text: '', turns: state === 'm' ? Math.max(1, Math.min(count, TURNS_IN_A_ROW)) : 1 } : { given, kind: ANSWER, number, text: told, turns: 1 };
    }
  }

  async #turn(fn: CellFunction, asked: Asked): Promise<string> {
    const { call } = asked.given;
    const enter = await (fn.enter ??= this.#ready(fn, call));
    const { plain, timeoutMs } = fn.definition;
    const timeout = Math.min(timeoutMs, limits.sandboxCpuMs) + limits.sandboxSliceMs;
    const run = async (): Promise<string> => {
      const answer = await (plain ? ask(enter, timeout, [STEP, asked.number, asked.text]) : this.#openTurn(enter, asked, timeout));
      return answer.startsWith('p') ? this.#takeSlices(fn, asked, { first: answer, next: () => ask(enter, timeout, [SLICE, asked.number, '']) }) : answer;
    };
    return this.#queued({ call, run, open: !plain, budgetMs: timeout + limits.sandboxSliceMs + GRACE_MS });
  }

  /** What a long answer says, with the last of its slices; the others are passed on. */
  async #takeSlices({ room }: CellFunction, { given }: Asked, { first, next }: { readonly first: string; readonly next: () => Promise<string> }): Promise<string> {
    const cut = first.indexOf(';') + 1;
    const [headChars = 0, large = 0] = first.slice(1, cut - 1).split(',').map(Number);
    const headEnd = cut + headChars;
    room.take(large);
    const head = first.slice(cut, headEnd);
    let [before, slice] = ['', first.slice(headEnd)];
    for (;;) {
      if (this.#isUnfair(given.call, before + slice)) {
        this.#tools.fatal(given.call, 'starved');
        return new Promise(() => undefined); // nothing more leaves: this process is about to be ended
      }
      given.part('piece', slice);
      before = slice.slice(-TOO_LONG.length);
      if (large > 0) await this.#breathe();
      const answer = await next();
      slice = answer.slice(1);
      if (!answer.startsWith('p')) return head + slice;
    }
  }

  /** Something in it took too long, and the process was kept from a core. */
  #isUnfair(call: number, answer: string): boolean { return this.#tools.starvation !== undefined && answer.includes(TOO_LONG) && this.#isStarved(call); }

  /** Between slices of large results others have both cores. The turn that is in work is not late by that. */
  #breathe(): Promise<void> {
    return new Promise((resolve) => {
      this.#breathing++;
      this.#countWork();
      this.#tools.clock.after(limits.sandboxPiecePauseMs, () => {
        this.#breathing--;
        this.#countWork();
        const [head] = this.#running;
        if (head) head.startedAt = this.#tools.clock.elapsed();
        resolve();
      });
    });
  }

  /** A function whose results are large waits before it makes more. */
  async #room({ room }: CellFunction, answers: Answers): Promise<void> {
    const ms = room.waitMs(this.#tools.clock.elapsed());
    if (ms > 0) await this.#wait(ms, answers);
  }

  /**
   * A step and, once everything that it set off has run, what came of it. The isolate takes its tasks in order, so all are sent at once. Of several turns each message is ended before the next
   * begins, and what came of all is asked for when it is known that nothing surfaced late.
   */
  async #openTurn(enter: Enter, { kind, number, text, turns }: Asked, timeout: number): Promise<string> {
    const tasks: [number, string][] = [[kind, text], [turns === 1 ? COLLECT : END, '']];
    for (let more = 1; more < turns; more++) tasks.push([NEXT, ''], [END, '']);
    const told = await Promise.allSettled(tasks.map(([task, given]) => ask(enter, timeout, [task, number, given])));
    const late = told.flatMap((each, at) => (each.status === 'rejected' ? [{ turn: at >> 1, error: each.reason as unknown }] : []));
    const fallen = late.find(({ error }) => this.#wallsFell(error));
    if (fallen) throw fallen.error as Error;
    // A rejection that nobody handled surfaces here: the message whose code ran has failed, and the results are asked for again.
    if (late.length > 0) return ask(enter, timeout, [BLAME, number, JSON.stringify(late.map(({ turn, error }) => [turn, messageOf(error), String((error as { stack?: unknown }).stack)]))]);
    const [, collected] = told;
    return turns === 1 && collected?.status === 'fulfilled' ? collected.value : ask(enter, timeout, [COLLECT, number, '']);
  }

  #pump(): void {
    while (this.#running.length < TURNS_AHEAD && !this.#running.some(({ open }) => open)) {
      const turn = this.#queue.shift();
      if (!turn) break;
      this.#running.push(turn);
      if (this.#running[0] === turn) turn.startedAt = this.#tools.clock.elapsed();
      turn.settled = this.#follow(turn);
    }
    this.#countWork();
    this.#watch();
  }

  async #follow(turn: Turn): Promise<void> {
    try {
      const answer: unknown = await turn.run();
      if (!this.#leave(turn)) return;
      if (typeof answer === 'string') turn.resolve(answer);
      else turn.reject(new Broken({ reason: 'broken', message: 'no answer' }));
      this.#pump();
    } catch (error) {
      if (this.#running.includes(turn)) this.#break(turn, this.#wallsFell(error) ?? { reason: 'broken', message: messageOf(error).slice(0, 300) });
    }
  }

  #leave(turn: Turn): boolean {
    const at = this.#running.indexOf(turn);
    if (at < 0) return false;
    this.#running.splice(at, 1);
    this.#countWork();
    const [next] = this.#running;
    if (at === 0 && next) next.startedAt = this.#tools.clock.elapsed();
    return true;
  }

  #wallsFell(error: unknown): BatchFailure | undefined {
    const message = messageOf(error);
    if (message.includes('execution timed out')) return { reason: 'timeout' };
    return message.includes('memory limit') || this.#isolate?.isDisposed ? { reason: 'memory' } : undefined;
  }

  /** Looks at the turn in work for as long as there is one. */
  #watch(): void {
    if (this.#watching || this.#running.length === 0) return;
    this.#watching = true;
    this.#tools.clock.after(WATCH_MS, () => {
      this.#watching = false;
      const [head] = this.#running;
      if (head && this.#tools.clock.elapsed() - head.startedAt > head.budgetMs) this.#break(head, { reason: 'timeout' });
      else this.#watch();
    });
  }

  /** The isolate goes. If it does not let go of its thread, the whole process has to. */
  #break(guilty: Turn, failure: BatchFailure): void {
    if (failure.reason === 'timeout' && this.#isStarved(guilty.call)) { this.#tools.fatal(guilty.call, 'starved'); return; }
    const others = [...this.#running, ...this.#queue].filter((turn) => turn !== guilty);
    this.#running = [];
    this.#queue = [];
    this.#countWork();
    this.#throwAway();
    for (const turn of others) turn.reject(new Broken({ reason: 'lost' }));
    const stop = this.#tools.clock.after(SETTLE_MS, () => { this.#tools.fatal(guilty.call, failure.reason === 'memory' ? 'memory' : 'timeout'); });
    void guilty.settled.then(() => {
      stop();
      guilty.reject(new Broken(failure));
    });
  }

  #throwAway(): void {
    for (const fn of this.#functions) fn.enter = undefined;
    for (const reject of this.#waits) reject(new Broken({ reason: 'lost' }));
    this.#waits.clear();
    if (this.#isolate && !this.#isolate.isDisposed) this.#isolate.dispose();
    this.#isolate = undefined;
    this.#prelude = undefined;
  }

  #countWork(): void {
    const { starvation, clock } = this.#tools;
    const isWorking = this.#running.length > this.#breathing;
    if (!starvation || isWorking === this.#isWorking) return;
    this.#isWorking = isWorking;
    if (isWorking) starvation.began(clock.elapsed());
    else starvation.ended(clock.elapsed());
  }

  #moment(): { readonly now: number; readonly cpuMs: number } { return { now: this.#tools.clock.elapsed(), cpuMs: this.#tools.cpuMs() }; }

  #isStarved(call: number): boolean {
    const begun = this.#begun.get(call);
    return begun !== undefined && this.#tools.starvation?.isStarved(begun, this.#moment()) === true;
  }

  /** So long, or until an answer comes. */
  #wait(ms: number, answers: Answers): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        stop();
        answers.onNext(undefined);
        this.#waits.delete(lost);
        resolve();
      };
      const stop = this.#tools.clock.after(ms, over);
      const lost = (error: Broken): void => {
        stop();
        answers.onNext(undefined);
        reject(error);
      };
      this.#waits.add(lost);
      answers.onNext(over);
    });
  }

  /** With its modules tried and its setup code run, each a turn like any other: it may not end, or need too much memory. */
  async #ready(fn: CellFunction, call: number): Promise<Enter> {
    const enter = await this.#build(fn);
    const { sources, moduleSource } = fn.definition;
    const setups = sources.filter(({ setup }) => setup !== null).length;
    if (moduleSource !== undefined) await this.#before(fn, enter, { call, kind: TRY_MODULES, what: 'modules', timeout: limits.sandboxSetupMs });
    if (setups > 0) await this.#before(fn, enter, { call, kind: SET_UP, what: 'setup', timeout: limits.sandboxSetupMs * setups });
    return enter;
  }

  /** A turn before the first message. */
  async #before(fn: CellFunction, enter: Enter, { call, kind, what, timeout }: { readonly call: number; readonly kind: number; readonly what: 'setup' | 'modules'; readonly timeout: number }): Promise<void> {
    try {
      const why = await this.#queued({ call, run: () => ask(enter, timeout, [kind, 0, '']), open: true, budgetMs: timeout + GRACE_MS });
      if (why === '') return;
      enter.release();
      const { m, r, l, k, w } = JSON.parse(why) as { m: string; r?: string; l?: number; k?: number; w?: number };
      throw new Broken({ reason: what, message: m, ...(r !== undefined && { ru: r }), ...(l !== undefined && { line: l }), ...(k !== undefined && { column: k }), ...(w !== undefined && { moduleLine: w }) });
    } catch (error) {
      fn.enter = undefined;
      throw error instanceof Broken ? new Broken(failureBefore(what, error.failure)) : error;
    }
  }

  #queued(turn: Pick<Turn, 'call' | 'run' | 'open' | 'budgetMs'>): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...turn, resolve, reject, startedAt: 0, settled: Promise.resolve() });
      this.#pump();
    });
  }

  async #build(fn: CellFunction): Promise<Enter> {
    const { ivm, guestSource, fatal } = this.#tools;
    this.#isolate ??= new ivm.Isolate({ memoryLimit: this.#memoryMb + limits.sandboxCellMb, onCatastrophicError: () => { fatal(0, 'memory'); } });
    const isolate = this.#isolate;
    try {
      this.#prelude ??= isolate.compileScript(guestSource, { filename: 'sandbox' });
      const { sources, between = [], moduleSource } = fn.definition;
      const compiled = [...sources.map(({ code }) => [code, 'function'] as const), ...between.map((code) => [code, 'sandbox'] as const), ...sources.flatMap(({ setup }) => (setup === null ? [] : [[setup, 'setup'] as const]))]
        .map(([source, filename]) => isolate.compileScript(source, { filename, lineOffset: -1 }));
      if (moduleSource !== undefined) compiled.push(isolate.compileScript(moduleSource, { filename: 'modules' }));
      const [prelude, context, ...scripts] = await Promise.all([this.#prelude, isolate.createContext(), ...compiled]);
      const [boot, ...codes] = await Promise.all([prelude.run(context, { reference: true }), ...scripts.map((script) => script.run(context, { reference: true }))]);
      for (const script of scripts) script.release();
      return await boot.apply(undefined, [fn.definition.guest, ...codes.map((code) => code.derefInto({ release: true }))], { result: { reference: true } }) as Enter;
    } catch (error) {
      fn.enter = undefined;
      if (isolate !== this.#isolate || isolate.isDisposed) throw new Broken({ reason: 'lost' });
      throw new Broken(compileFailure(messageOf(error)));
    }
  }
}

/** What the code asks stands before the rest, `q` and its length. Answers the rest. */
function pass(answer: string, { ask }: Given): string {
  const cut = answer.indexOf(';');
  const end = cut + 1 + Number(answer.slice(1, cut));
  const asked = answer.slice(cut + 1, end);
  if (!ask || !(end > cut) || end > answer.length || !requestsIn(asked)) throw new Broken({ reason: 'broken', message: 'it asked for what code cannot ask' });
  ask(asked);
  return answer.slice(end);
}

const ask = (enter: Enter, timeout: number, args: readonly [number, number, string]): Promise<string> => enter.apply(undefined, [...args], { timeout }) as Promise<string>;

const messageOf = (error: unknown): string => String((error as { message?: unknown } | null | undefined)?.message);

/** What V8 refuses although the parser took it; the place stands at the message's end as `[function:3:7]`. */
function compileFailure(message: string): BatchFailure {
  const place = / ?\[(function|setup|modules):(\d+):(\d+)\]$/.exec(message);
  if (place?.[1] === 'modules') return { reason: 'modules', message: message.slice(0, place.index), moduleLine: Number(place[2]) };
  return { reason: place?.[1] === 'setup' ? 'setup' : place ? 'syntax' : 'broken', message: place ? message.slice(0, place.index) : message, ...(place && { line: Number(place[2]), column: Number(place[3]) }) };
}
