import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { millrace, MillraceProcess, TempDir } from '../../kit/millrace-process.ts';

const PAGE = 4096;
const FLOW = {
  format: 'millrace.flow/1', id: 'later', name: 'Later', delivery: 'durable',
  nodes: { in: { type: 'webhook-in', version: 1, config: { method: 'POST', path: '/later' } }, wait: { type: 'delay', version: 1, config: { mode: 'for', for: '2h' } }, show: { type: 'debug', version: 1, config: {} } },
  wires: [{ from: 'in.out', to: 'wait.in' }, { from: 'wait.out', to: 'show.in' }], layout: {},
};
let dir: TempDir;
const started: MillraceProcess[] = [];
const run = (): MillraceProcess => {
  const made = new MillraceProcess(['run', '--flows', dir.join('flows'), '--data', dir.join('data'), '--port', '0']);
  started.push(made);
  return made;
};
const pending = async (address: string): Promise<number> => ((await (await fetch(`${address}/api/v1/runs?limit=1`)).json()) as { counts: { pending: number } }).counts.pending;

beforeEach(() => {
  dir = new TempDir();
  mkdirSync(dir.join('flows', 'later'), { recursive: true });
  writeFileSync(dir.join('flows', 'later', 'flow.json'), JSON.stringify(FLOW));
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL');
  dir.remove();
});

test('a damaged journal is salvaged: what is readable runs on, what is lost is said, and the damaged file is kept', { timeout: 60_000 }, async () => {
  const first = run();
  const address = await first.ready();
  for (let n = 0; n < 60; n++) await fetch(`${address}/hook/later`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ n, filler: 'x'.repeat(500) }) });
  expect(await millrace(['salvage', '--data', dir.join('data')])).toMatchObject({ code: 2, err: expect.stringContaining('is in use by another Millrace') });
  expect(await pending(address)).toBe(60);
  await first.stop();

  const journal = dir.join('data', 'journal.db');
  const bytes = readFileSync(journal);
  const at = Math.floor(bytes.indexOf('"n":30,') / PAGE) * PAGE;
  bytes.fill(0x5a, at, at + PAGE);
  writeFileSync(journal, bytes);
  const { code, out } = await millrace(['salvage', '--data', dir.join('data')]);
  expect(code).toBe(0);
  const [, taken, lost] = /^Taken out: (\d+) messages.*\nLost messages, by flow and node: later\/wait (\d+)\./.exec(out) ?? [];
  expect(Number(taken) + Number(lost)).toBe(60);
  expect(Number(lost)).toBeGreaterThan(0);
  const [kept = ''] = readdirSync(dir.join('data')).filter((name) => name.startsWith('damaged-'));
  expect(readFileSync(dir.join('data', kept, 'journal.db'))).toEqual(bytes);
  expect(JSON.parse(readFileSync(dir.join('data', kept, 'report.json'), 'utf8'))).toMatchObject({ lost: [{ flow: 'later', node: 'wait', messages: Number(lost) }] });

  expect(await pending(await run().ready())).toBe(Number(taken));
  await started.at(-1)?.stop();
  expect(await millrace(['backup', '--data', dir.join('data')])).toMatchObject({ code: 0 });
});

test('what nodes have gathered is counted too', { timeout: 60_000 }, async () => {
  const nodes = { ...FLOW.nodes, wait: { type: 'batch', version: 1, config: { count: 4 } } };
  writeFileSync(dir.join('flows', 'later', 'flow.json'), JSON.stringify({ ...FLOW, nodes }));
  const first = run();
  const address = await first.ready();
  for (let n = 0; n < 3; n++) {
    const { runId } = await (await fetch(`${address}/hook/later`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ n }) })).json() as { runId: string };
    while (!(await (await fetch(`${address}/api/v1/runs/${runId}`)).text()).includes('"held"'));
  }
  await first.stop();
  expect(await millrace(['salvage', '--data', dir.join('data')])).toMatchObject({ code: 0, out: expect.stringMatching(/^Taken out: 0 messages, 3 that nodes have gathered, 0 dead letters\./) });
});

test('a journal of which nothing is readable is left as it is', async () => {
  mkdirSync(dir.join('data'));
  writeFileSync(dir.join('data', 'journal.db'), Buffer.alloc(3 * PAGE, 0x5a));
  expect(await millrace(['salvage', '--data', dir.join('data')])).toMatchObject({ code: 2, err: expect.stringContaining('Nothing of the journal') });
  expect(readdirSync(dir.join('data'))).toEqual(['journal.db']);
  expect(await millrace(['salvage', '--data', dir.join('none')])).toMatchObject({ code: 2, err: expect.stringContaining('is not a data folder') });
});
