import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type ivmModule from 'isolated-vm';
import { systemClock } from '../clock.ts';
import { limits } from '../limits.ts';
import { TokenBucket } from '../token-bucket.ts';
import { Answers } from './answers.ts';
import { Broken, Cell, type CellFunction, type CellTools } from './cell.ts';
import { FrameReader, FrameWriter, kinds, type Definition, type Frame, type FrameKind } from './frames.ts';
import { guestSource } from './guest/source.ts';
import { Starvation } from './starvation.ts';

/**
 * The sandbox's process: `child.ts PATH-OF-ISOLATED-VM UID [yields]`. It reads batches from descriptor 3 and writes results there, large ones to 4; it knows no secret and
 * no address, and ends when its pipe does. What stands in isolates is not trusted; this process is not trusted by its parent.
 */

const [, , binary = '', uid = '', manner] = process.argv;
const { ivm } = createRequire(import.meta.url)(binary) as { ivm: typeof ivmModule };
becomeNobody(Number(uid));

const reader = new FrameReader(limits.sandboxFrameBytesMax, take);
// One place for all that comes, and large enough for a batch: it is cut into frames before more is read.
const pipe = new Socket({ fd: 3, readable: true, writable: true, onread: { buffer: Buffer.allocUnsafeSlow(limits.sandboxReadBytes), callback: (bytes, chunk) => { reader.read(Buffer.from(chunk.buffer, chunk.byteOffset, bytes)); return true; } } });
/** For large results: on the pipe of all others everything would wait behind them. */
const largePipe = new Socket({ fd: 4, readable: false, writable: true });
const functions = new Map<number, { readonly fn: CellFunction; readonly cell: Cell }>();
const cells = new Map<string, Cell>();
/** By call: a small number, which is given again when the call is over. */
const answers: (Answers | undefined)[] = [];
let running = 0;
let beating = false;
let ticking = false;

const sender = (by: Socket) => {
  const writer = new FrameWriter(by);
  return (kind: FrameKind, id: number, text: string): void => { writer.write({ kind, id, text }); };
};
const send = sender(pipe);
const sendLarge = sender(largePipe);
const tools: CellTools = {
  ivm, clock: systemClock, guestSource: guestSource(), fatal: (call, reason) => { send(kinds.fatal, call, reason); }, starvation: manner === 'yields' ? new Starvation() : undefined,
  // An isolate's own `cpuTime` counts what it waits for a core as well.
  cpuMs: () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; },
};

/** Everything is loaded by now, so that the new user need not be able to read our files. */
function becomeNobody(id: number): void {
  if (!id || process.getuid?.() !== 0) return;
  process.setgroups?.([]);
  process.setgid?.(id);
  process.setuid?.(id);
}

function define(id: number, text: string): void {
  const definition = JSON.parse(text) as Definition;
  let cell = cells.get(definition.cell);
  if (!cell) cells.set(definition.cell, (cell = new Cell(definition.memoryMb, tools)));
  const fn: CellFunction = { definition, enter: undefined, room: new TokenBucket(limits.sandboxLargeCharsPerSecond, systemClock.elapsed()) };
  cell.add(fn);
  functions.set(id, { fn, cell });
}

function forget(id: number): void {
  const known = functions.get(id);
  functions.delete(id);
  if (known?.cell.remove(known.fn)) cells.delete(known.fn.definition.cell);
}

async function call(id: number, text: string): Promise<void> {
  const cut = text.indexOf(' ');
  const known = functions.get(Number(text.slice(0, cut)));
  // Kept to its end by a call that has gone over to the other one: what it says must arrive in order.
  let tell = send;
  running++;
  beat();
  try {
    if (!known) throw new Broken({ reason: 'lost' });
    const told = new Answers();
    answers[id] = told;
    tick();
    const ask = known.fn.definition.asks ? (asked: string): void => { tell(kinds.ask, id, asked); } : undefined;
    const part = (kind: 'piece' | 'part' | 'end', results: string): void => {
      if ((kind === 'piece' || results.length > limits.sandboxSmallChars) && tell === send) {
        send(kinds.moved, id, '');
        tell = sendLarge;
      }
      tell(kinds[kind], id, results);
    };
    await known.cell.run(known.fn, { call: id, text: text.slice(cut + 1), part, answers: told, ask, taken: () => { tell(kinds.taken, id, ''); } });
  } catch (error) {
    tell(kinds.failed, id, JSON.stringify(error instanceof Broken ? error.failure : { reason: 'broken', message: String(error).slice(0, 300) }));
  } finally {
    answers[id] = undefined;
    running--;
  }
}

/** How late this comes tells how long the process had no core. */
function tick(): void {
  const { starvation } = tools;
  if (!starvation || ticking) return;
  ticking = true;
  systemClock.after(starvation.tickMs, () => {
    ticking = false;
    starvation.tick(systemClock.elapsed());
    if (starvation.hasBatches) tick();
  });
}

/** Tells the parent that this thread is alive and how much memory the process has, for as long as there is work. */
function beat(): void {
  if (beating || running === 0) return;
  beating = true;
  systemClock.after(limits.sandboxBeatMs, () => {
    beating = false;
    if (running > 0) send(kinds.beat, 0, String(Math.round(process.memoryUsage.rss() / 2 ** 20)));
    beat();
  });
}

function take(frame: Frame): void {
  if (frame.kind === kinds.call) void call(frame.id, frame.text);
  else if (frame.kind === kinds.answer) answers[frame.id]?.add(frame.text);
  else if (frame.kind === kinds.define) define(frame.id, frame.text);
  else if (frame.kind === kinds.forget) forget(frame.id);
}

/** A normal exit waits for the isolates' threads, and one of them may be stuck. */
const end = (): void => { process.kill(process.pid, 'SIGKILL'); };

pipe.on('close', end);
pipe.on('end', end);
pipe.on('error', end);
largePipe.on('error', end);
// Whoever stops a terminal's programs or a service sends this to all its processes at once: calls under way end first, and our parent ends us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
