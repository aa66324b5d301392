import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LAUNCHER, millrace, MillraceProcess, ROOT, TempDir } from '../../kit/millrace-process.ts';

const FLOWS = join(ROOT, 'flows');
const SHIPPED = readdirSync(FLOWS).filter((name) => existsSync(join(FLOWS, name, 'flow.json')));

let dir: TempDir;
const started: MillraceProcess[] = [];
beforeEach(() => { dir = new TempDir(); });
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL');
  dir.remove();
});

function start(args: readonly string[], options?: ConstructorParameters<typeof MillraceProcess>[1]): MillraceProcess {
  const made = new MillraceProcess(args, options);
  started.push(made);
  return made;
}
const run = (...args: readonly string[]): MillraceProcess => start(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', '0', ...args]);
const SOON = { timeout: 20_000 };
const json = async (url: string): Promise<unknown> => await (await fetch(url)).json();

test('help and version are printed, in the language of the terminal', async () => {
  expect(await millrace(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('a visual integration runtime') });
  expect(await millrace(['help'], { env: { LANG: 'ru_RU.UTF-8' } })).toMatchObject({ code: 0, out: expect.stringContaining('среда интеграции') });
  expect((await millrace(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a wrong call ends with code 2 and one sentence', async () => {
  expect(await millrace(['serve', '--prot', '1'])).toMatchObject({ code: 2, out: '', err: 'There is no option --prot. See millrace --help.\n' });
  expect(await millrace(['serve', '--port'])).toMatchObject({ code: 2, err: 'The option --port needs a value. See millrace --help.\n' });
  expect(await millrace(['--help=1'])).toMatchObject({ code: 2, err: 'The option --help takes no value. See millrace --help.\n' });
  expect(await millrace(['fly'])).toMatchObject({ code: 2, out: '', err: 'There is no command "fly". See millrace --help.\n' });
  expect(await millrace(['serve', '--host', '0.0.0.0'], { env: { LANG: 'ru' } })).toMatchObject({ code: 2, err: expect.stringMatching(/^Millrace не слушает адрес 0\.0\.0\.0: .*\n$/) });
  expect(await millrace(['run'])).toMatchObject({ code: 2, err: expect.stringContaining('--flows DIR') });
  expect(await millrace(['check', dir.join('none')])).toMatchObject({ code: 2, err: expect.stringContaining('There is no file or folder') });
});

test('headless runs every flow of the folder, takes a post and serves no editor', async () => {
  const address = await run().ready();
  const { flows } = await json(`${address}/api/v1/flows`) as { flows: { id: string; live?: { state: string } }[] };
  expect(flows.map(({ id, live }) => [id, live?.state])).toEqual(SHIPPED.map((id) => [id, 'live']));
  const posted = await fetch(`${address}/hook/lead`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'Ann Lee', phone: '+7 900 123-45-34', email: 'ann@example.com' }) });
  expect(posted.status).toBe(202);
  expect((await fetch(address)).status).toBe(404);
});

test('options come from the environment too', async () => {
  const millraceRun = start(['run'], { env: { MILLRACE_FLOWS: FLOWS, MILLRACE_DATA: dir.join('data'), MILLRACE_PORT: '0', LANG: 'ru_RU.UTF-8' } });
  expect(await json(`${await millraceRun.ready()}/api/v1/system`)).toMatchObject({ dataDir: dir.join('data'), flowsDir: FLOWS });
  expect(millraceRun.out).toMatch(/^Millrace готов: http/);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it in order', async (signal) => {
  const millraceRun = run();
  await millraceRun.ready();
  const { code, out, err } = await millraceRun.stop(signal);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/Stopping/);
});

test('when its launcher is killed it ends too, and lets go of the data folder', async () => {
  const tied = `import('${LAUNCHER.replace('millrace.mjs', 'node24.mjs')}').then((m) => m.runWithNode24('${join(ROOT, 'runtime/cli/main.ts')}', process.argv.slice(1), { tie: true }))`;
  const launcher = start(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', '0'], { script: ['-e', tied, '--'] });
  await launcher.ready();
  await launcher.stop('SIGKILL'); // resolves when the child has closed its output as well
  const next = run();
  await expect(next.ready()).resolves.toMatch(/^http/);
});

test('a port in use is said in one sentence, before anything is opened', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', String(port)]);
  taken.close();
  expect([code, err]).toEqual([2, `Port ${port} is in use by another program: stop it, or choose another with --port.\n`]);
  expect(existsSync(dir.join('data'))).toBe(false);
});

test('a data folder in use is said in one sentence, and its owner goes on', async () => {
  const owner = run();
  const address = await owner.ready();
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', '0']);
  expect([code, err]).toEqual([2, `The data folder ${dir.join('data')} is in use by another Millrace: stop it, or choose another folder with --data.\n`]);
  expect((await fetch(`${address}/health/ready`)).status).toBe(200);
});

test.each(['file is not a database', 'database disk image is malformed'])('a journal that cannot be read (%s) is said in one sentence with what to do', async (reason) => {
  mkdirSync(dir.join('data'));
  const journal = dir.join('data', 'journal.db');
  const whole = new DatabaseSync(journal);
  whole.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID');
  whole.close();
  const bytes = readFileSync(journal);
  bytes.fill(0x5a, reason === 'file is not a database' ? 0 : 100); // SQLite's header has 100 bytes
  writeFileSync(journal, bytes);
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', '0']);
  expect([code, err.trimEnd().split('\n').length]).toEqual([2, 1]);
  expect(err).toContain(`The journal ${journal} is damaged: ${reason}. Keep it `);
});

test('a journal that was emptied is not taken for a new one', async () => {
  mkdirSync(dir.join('data'));
  writeFileSync(dir.join('data', 'journal.db'), '');
  writeFileSync(dir.join('data', 'store.db'), 'what people made');
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', '0']);
  expect([code, err]).toEqual([2, expect.stringContaining(`The journal ${dir.join('data', 'journal.db')} is damaged: it is empty. Keep it `)]);
  expect(readFileSync(dir.join('data', 'journal.db'))).toHaveLength(0);
});

test('a journal of a newer version is said in one sentence and left as it is', async () => {
  mkdirSync(dir.join('data'));
  const newer = new DatabaseSync(dir.join('data', 'journal.db'));
  newer.exec('PRAGMA user_version = 999');
  newer.close();
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', dir.join('data'), '--port', '0']);
  expect([code, err.trimEnd().split('\n').length]).toEqual([2, 1]);
  expect(err).toContain('written by a newer version of Millrace');
});

test('a data folder that cannot be made is said in one sentence', async () => {
  writeFileSync(dir.join('file'), '');
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', dir.join('file', 'data'), '--port', '0']);
  expect([code, err.trimEnd().split('\n').length]).toEqual([2, 1]);
  expect(err).toMatch(/^The data folder .* cannot be used: .*--data/);
});

test.runIf(existsSync('/proc/self'))('nor one below a folder where none can be made', async () => {
  const { code, err } = await millrace(['run', '--flows', FLOWS, '--data', '/proc/millrace/data', '--port', '0']);
  expect([code, err]).toEqual([2, expect.stringMatching(/^The data folder \/proc\/millrace\/data cannot be used: .*--data/)]);
});

test('check names every problem with file, place and what to do', async () => {
  mkdirSync(dir.join('broken'));
  writeFileSync(dir.join('broken', 'flow.json'), '{\n  "format": "millrace.flow/1",\n}\n');
  cpSync(join(FLOWS, 'lead-capture'), dir.join('odd'), { recursive: true });
  const flow = JSON.parse(readFileSync(dir.join('odd', 'flow.json'), 'utf8')) as { wires: object[] };
  writeFileSync(dir.join('odd', 'flow.json'), JSON.stringify({ ...flow, wires: [...flow.wires, { from: 'nobody.out', to: 'nowhere.in' }] }));
  mkdirSync(dir.join('typo'));
  writeFileSync(dir.join('typo', 'flow.json'), JSON.stringify({ format: 'millrace.flow/1', id: 'typo', name: 'Typo', delivery: 'durable', nodes: { fn: { type: 'function', version: 1, config: { code: 'if (a {' } } }, wires: [], layout: {} }));
  const { code, out } = await millrace(['check', dir.path]);
  expect(code).toBe(1);
  expect(out).toContain(`${dir.join('broken', 'flow.json')}:2:`);
  expect(out).toMatch(/odd.flow\.json: error wire\.dangling \(nobody\.out->nowhere\.in\): /);
  expect(out).toContain(`${dir.join('typo', 'flow.json')}: error field.syntax (fn code): The code cannot be read at line 1, column 7: unexpected token \`{\`.`);
  expect(await millrace(['check', FLOWS])).toMatchObject({ code: 0 });
});

test('test runs the shipped cases, and a case that fails fails the command', async () => {
  expect(await millrace(['test', FLOWS])).toMatchObject({ code: 0, out: expect.stringMatching(/\n[1-9]\d* passed, 0 failed\n$/) });
  cpSync(join(FLOWS, 'quote'), dir.join('quote'), { recursive: true });
  const cases = JSON.parse(readFileSync(dir.join('quote', 'cases.json'), 'utf8')) as { cases: { expect: object }[] };
  writeFileSync(dir.join('quote', 'cases.json'), JSON.stringify({ cases: cases.cases.map((each) => ({ ...each, expect: { deadLetters: [{ node: 'no-such-node', code: 'x.y' }] } })) }));
  expect(await millrace(['test', dir.join('quote')])).toMatchObject({ code: 1, out: expect.stringContaining('✗') });
});

test('test of a flow that has an error fails and prints it, whether there are cases or not', async () => {
  cpSync(join(FLOWS, 'quote'), dir.join('quote'), { recursive: true });
  const flow = JSON.parse(readFileSync(dir.join('quote', 'flow.json'), 'utf8')) as { wires: object[] };
  writeFileSync(dir.join('quote', 'flow.json'), JSON.stringify({ ...flow, wires: [...flow.wires, { from: 'nobody.out', to: 'nowhere.in' }] }));
  for (const withCases of [true, false]) {
    if (!withCases) rmSync(dir.join('quote', 'cases.json'));
    expect(await millrace(['test', dir.join('quote')], { env: { LANG: 'ru_RU.UTF-8' } })).toMatchObject({ code: 1, out: expect.stringMatching(/✗ .*flow\.json\n {4}.*error wire\.dangling \(nobody\.out->nowhere\.in\): .*[а-я].*\n[^]*успешно: 0, с ошибкой: 1\n$/) });
  }
});

test('export, import and export again gives the same bytes', async () => {
  for (const id of SHIPPED) {
    const first = await millrace(['export', id, '--data', dir.join('a'), '--flows', FLOWS]);
    expect(first).toMatchObject({ code: 0, err: '' });
    writeFileSync(dir.join(`${id}.json`), first.out);
    expect(await millrace(['import', dir.join(`${id}.json`), '--data', dir.join('b')])).toMatchObject({ code: 0, out: `${id}\n` });
    expect((await millrace(['export', id, '--data', dir.join('b')])).out).toBe(first.out);
    expect(first.out).toBe(readFileSync(join(FLOWS, id, 'flow.json'), 'utf8'));
  }
});

test('import says what is wrong with a file and saves nothing', async () => {
  writeFileSync(dir.join('wrong.json'), '[{"id":"1","type":"tab"},{"id":"2","type":"inject","z":"1","wires":[[]]}]');
  const { code, out, err } = await millrace(['import', dir.join('wrong.json'), '--data', dir.join('data')]);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/Node-RED/);
});

test('--nodes adds node types', async () => {
  mkdirSync(dir.join('nodes'));
  const sdk = join(ROOT, 'runtime', 'sdk', 'index.ts');
  writeFileSync(dir.join('nodes', 'shout.ts'), `import { defineNode } from ${JSON.stringify(sdk)};
const both = (text: string) => ({ en: text, ru: text });
export default defineNode({
  type: 'shout', version: 1, title: both('Shout'), category: 'data', icon: 'megaphone', summary: both('Shouts.'), help: both('Shouts.'), replay: 'pure',
  config: {}, inputs: { in: { title: both('In') } }, outputs: { fixed: { out: { title: both('Out') } } }, examples: [],
  run: (message) => ({ ...message, payload: String(message.payload).toUpperCase() }),
});
`);
  const { nodes } = await json(`${await run('--nodes', dir.join('nodes')).ready()}/api/v1/catalog`) as { nodes: { [type: string]: object } };
  expect(Object.keys(nodes)).toContain('shout');
  writeFileSync(dir.join('nodes', 'wrong.ts'), 'export default 7;\n');
  expect(await millrace(['run', '--flows', FLOWS, '--data', dir.join('other'), '--port', '0', '--nodes', dir.join('nodes')])).toMatchObject({ code: 2, err: expect.stringMatching(/wrong\.ts has no default export/) });
});

test('replay repeats a run of a Millrace that is running, and says what cannot be repeated', async () => {
  const address = await run().ready();
  const posted = await fetch(`${address}/hook/lead`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'Ann Lee', phone: '+7 900 123-45-34', email: 'ann@example.com' }) });
  const { runId } = await posted.json() as { runId: string };
  const port = new URL(address).port;
  await expect.poll(async () => (await json(`${address}/api/v1/runs?id=${runId}`) as { runs: { state: string }[] }).runs[0]?.state, SOON).toBe('completed');
  expect((await millrace(['replay', runId, '--mode', 'dry-run', '--port', port])).out).toMatch(/^form\taccepted\n(.*\n)*seen\tdone\n$/);
  const again = await millrace(['replay', runId, '--mode', 'new-generation', '--port', port]);
  expect([again.code, again.out]).toEqual([0, expect.stringMatching(/^\w+\n$/)]);
  await expect.poll(async () => (await json(`${address}/api/v1/runs?id=${again.out.trim()}`) as { runs: unknown[] }).runs[0], SOON).toMatchObject({ replayOf: runId, state: 'completed' });
  expect(await millrace(['replay', 'nothing', '--port', port])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('its path is not kept') });
  expect(await millrace(['replay', runId, '--mode', 'twice', '--port', port])).toMatchObject({ code: 2, err: expect.stringContaining('not a way to replay') });
  expect(await millrace(['replay', runId, '--port', '1'])).toMatchObject({ code: 2, err: expect.stringContaining('No Millrace answers') });
});
