import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryMb, whole } from './kit/figures.ts';
import { BENCH_NODES, flow, node } from './kit/flows.ts';
import { Caller, freePort, pause, start, stop } from './kit/millrace.ts';

const KEYS = 1000;

/** The other side: what it got, and whether the messages of each key came in order. */
class Sink {
  readonly #last = new Map<number, number>();
  arrived = 0;
  disordered = 0;
  #server: Server | undefined;

  listen(port: number): void {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { i, key } = JSON.parse(Buffer.concat(chunks).toString()) as { i: number; key: number };
        if (i <= (this.#last.get(key) ?? -1)) this.disordered++;
        this.#last.set(key, i);
        this.arrived++;
        response.writeHead(204).end();
      });
    }).listen(port, '127.0.0.1');
  }
  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

/** Offers `messages` to a flow whose sink is down; then the sink comes up. Answers whether all arrived once, in order, within `mbMax`. */
export async function backlog(messages: number, mbMax: number): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-backlog-'));
  const [port, sinkPort] = [await freePort(), await freePort()];
  mkdirSync(join(dir, 'flows/backlog'), { recursive: true });
  writeFileSync(join(dir, 'flows/backlog/flow.json'), JSON.stringify(flow('backlog', {
    delivery: 'durable', wires: ['src.out -> post.in'],
    nodes: { src: node('bench-offer'), post: node('http-request', { method: 'POST', url: `http://127.0.0.1:${sinkPort}/`, idempotent: true }, { concurrency: 32 }) },
  })));
  const sink = new Sink();
  const caller = new Caller(port, 4);
  const { child } = await start(dir, port, ['--nodes', BENCH_NODES]);
  const pid = child.pid as number;
  try {
    const offered = JSON.parse((await caller.call('/hook/bench/offer', { n: messages, keys: KEYS })).text) as { refused: number; ms: number };
    const { pending } = await caller.counts();
    console.log(`sink down: ${whole(messages)} accepted in ${(offered.ms / 1000).toFixed(1)} s, ${offered.refused} refused at first, ${whole(pending)} pending, RSS at most ${whole(memoryMb(pid, 'VmHWM'))} MB`);
    const up = performance.now();
    sink.listen(sinkPort);
    while (sink.arrived < messages && (await caller.counts()).pending > 0) await pause(1000);
    const counts = await caller.untilDone();
    const seconds = (performance.now() - up) / 1000;
    const peak = memoryMb(pid, 'VmHWM');
    const ok = sink.arrived === messages && sink.disordered === 0 && counts.completed === messages && counts.deadLettered === 0 && peak < mbMax;
    console.log(`sink up: ${whole(sink.arrived)} arrived in ${seconds.toFixed(1)} s, ${sink.disordered} out of order in ${KEYS} keys, ${whole(counts.completed)} completed, ${counts.deadLettered} dead letters, RSS at most ${whole(peak)} MB of ${mbMax}`);
    return ok;
  } finally {
    caller.close();
    await stop(child);
    sink.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
