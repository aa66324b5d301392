/**
 * A process ends with many messages pending; the next one takes them up again. Time from the start of the new process to its first
 * message, and the memory at most while it works them off. The file is not in the system's cache when the new process begins.
 *
 *     node bin/node24.mjs bench/recovery.ts [--pending 1000000] [--work 10]
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadDefinitions } from '../runtime/cli/options.ts';
import { systemClock } from '../runtime/clock.ts';
import { JournalClient } from '../runtime/journal/client.ts';
import { openThreadPort } from '../runtime/journal/port.ts';
import { createRuntime } from '../runtime/runtime.ts';
import { folder, line, memoryMb, whole } from './kit/figures.ts';
import { BENCH_NODES, flow, node } from './kit/flows.ts';
import { pause } from './kit/millrace.ts';

const FLOW = flow('bench', { delivery: 'durable', wires: ['src.out -> work.in', 'work.out -> sink.in'], nodes: { src: node('bench-source'), work: node('bench-call'), sink: node('bench-sink') } });

/** A journal as a process leaves it that was killed with messages before a node. */
async function prepare(dataDir: string, pending: number): Promise<void> {
  const journal = new JournalClient(await openThreadPort(join(dataDir, 'journal.db'), (error) => { throw error; }), systemClock);
  const body = JSON.stringify({ payload: { id: 1, note: 'x'.repeat(260) } });
  for (let i = 0; i < pending; i += 1000) {
    await journal.commit({ ops: Array.from({ length: Math.min(1000, pending - i) }, () => {
      const seq = journal.nextSeq();
      return { op: 'save', row: { seq, pos: seq, id: `m${seq}`, run: `r${seq}`, flow: 'bench', node: 'work', via: 'src.out->work.in', parents: null, lineage: null, key: null, receivedAt: 1, revision: 1, due: null, attempt: 0, crashes: 0, state: 0, branched: 0, hops: 0, flags: 0, cursor: null, body } };
    }) });
  }
  await journal.close();
}

async function recover(dataDir: string, workS: number): Promise<void> {
  const first = Promise.withResolvers<void>();
  let done = 0;
  const runtime = await createRuntime({ dataDir, ...await loadDefinitions(BENCH_NODES), examplesDir: null, trace: (_flow, id) => {
    if (id === 'sink' && done++ === 0) first.resolve();
  } });
  await runtime.host.deploy(FLOW, 1);
  await first.promise;
  // From the start of the process, its own loading included.
  const ms = performance.now();
  await pause(workS * 1000);
  console.log(JSON.stringify({ ms, done, peakMb: memoryMb(process.pid, 'VmHWM') }));
}

/** Prints a row. Preparing and recovering are processes of their own, so that one's memory is not taken for the other's. */
export function recovery(pending: number, workS: number): void {
  const dataDir = folder();
  const child = (what: string): string => spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), '--child', what, '--data', dataDir, '--pending', String(pending), '--work', String(workS)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
  child('prepare');
  spawnSync('dd', [`if=${join(dataDir, 'journal.db')}`, 'of=/dev/null', 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
  const { ms, done, peakMb } = JSON.parse(child('recover')) as { ms: number; done: number; peakMb: number };
  line(`recovery with ${whole(pending)} pending: ms to the first message, messages/s, peak RSS MB`, `${whole(ms)}   ${whole(done / workS)}   ${whole(peakMb)}`);
  rmSync(dataDir, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { pending: { type: 'string', default: '1000000' }, work: { type: 'string', default: '10' }, child: { type: 'string' }, data: { type: 'string', default: '' } } });
  const [pending, workS] = [Number(values.pending), Number(values.work)];
  if (values.child === 'prepare') await prepare(values.data, pending);
  else if (values.child === 'recover') await recover(values.data, workS);
  else recovery(pending, workS);
  process.exit(0);
}
