import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow, FlowNode } from '../../../runtime/api/contract.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

/** TypeScript in the code of function nodes: types of what comes in, completion, marks, hover, parameters, and Try beside the code. */

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
});

const node = (type: string, config: FlowNode['config'] = {}, name?: string): FlowNode => ({ type, version: 1, config, ...(name && { name }) });
// A request says of its answer which fields it has.
const flowOf = (id: string, config: FlowNode['config']): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'memory', env: { REGION: { type: 'text', default: 'RU' } },
  nodes: { ask: node('http-request', { url: 'https://echo.test' }, 'Ask the shop'), it: node('function', config) }, wires: [{ from: 'ask.answer', to: 'it.in' }], layout: { ask: [0, 0], it: [320, 0] },
});
const field = (tab: Tab, name: string) => tab.page.locator(`.inspector [data-field="${name}"]`);
const list = (tab: Tab) => tab.page.locator('.cm-tooltip-autocomplete');
const marks = (tab: Tab, name = 'code') => field(tab, name).locator('.cm-lintRange-error');

async function opened(id: string, config: FlowNode['config'], options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  await bench.save(flowOf(id, config));
  const tab = await bench.tab(id, options);
  await tab.node('it').click();
  await field(tab, 'code').locator('.cm-content').waitFor();
  return tab;
}
async function write(tab: Tab, place: ReturnType<typeof field>, text: string): Promise<void> {
  await place.locator('.cm-content').click();
  await tab.page.keyboard.press('Control+a');
  await tab.page.keyboard.insertText(text);
}
/** The first answer of the worker has read the whole language. */
const WORKER_MS = 30_000;

test.skipIf(!chromium)('the message is completed with what the node before sends, each with its type and a line on it', async () => {
  const tab = await opened('typed-words', { code: '' });
  await field(tab, 'code').getByText('msg as “Ask the shop” sends it').waitFor({ timeout: WORKER_MS });
  await field(tab, 'code').locator('.cm-content').click();
  await tab.page.keyboard.type('msg.');
  await list(tab).getByText('statusCode', { exact: true }).waitFor({ timeout: WORKER_MS });
  expect(await list(tab).innerText()).toMatch(/statusCode\s*number/);
  expect(await list(tab).locator('[aria-selected]').innerText()).toMatch(/^payload/);
  await tab.screenshot('typed-complete');
  await tab.page.keyboard.type('stat');
  await list(tab).getByText('statusCode', { exact: true }).click();
  await tab.page.keyboard.type('; RED.util.');
  await list(tab).getByText('cloneMessage', { exact: true }).waitFor();
  await tab.page.locator('.cm-completionInfo').getByText('A copy that shares nothing').waitFor();
  await tab.screenshot('typed-about');
  await tab.page.keyboard.press('Enter');
  await tab.page.keyboard.type('(msg');
  await tab.page.locator('.cm-signature b').getByText('message').waitFor();
  await tab.screenshot('typed-signature');
  await tab.page.keyboard.press('Escape');
  await expect.poll(() => tab.page.locator('.cm-signature').count()).toBe(0);
  expect(await field(tab, 'code').locator('.cm-content').innerText()).toContain('msg.statusCode; RED.util.cloneMessage(msg)');
  await field(tab, 'code').getByText('statusCode', { exact: true }).hover();
  await tab.page.locator('.cm-tooltip-hover').getByText('(property) Message.statusCode: number').waitFor();
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

const NODE_RED = 'var name = msg.payload.name || "nobody";\ncount = 1;\ncount++;\nmsg.payload = { name: name, count: count };\nmsg.extra = env.get("REGION");\nmsg.payload.total = 5;\nreturn [msg, null];';

test.skipIf(!chromium)('JavaScript as people write it for Node-RED has no marks; names that nothing has and code that cannot be read have', async () => {
  const tab = await opened('typed-plain', { code: NODE_RED });
  await write(tab, field(tab, 'code'), `nowhere();\n${NODE_RED}`);
  await marks(tab).waitFor({ timeout: WORKER_MS });
  expect(await marks(tab).allInnerTexts()).toEqual(['nowhere']);
  await write(tab, field(tab, 'code'), NODE_RED);
  await expect.poll(() => marks(tab).count()).toBe(0);
  await write(tab, field(tab, 'code'), 'const a: number = 1;');
  await expect.poll(() => marks(tab).allInnerTexts()).toEqual(['number']);
  await tab.page.locator('.inspector').getByRole('button', { name: 'More settings' }).click();
  await field(tab, 'language').getByRole('combobox').or(field(tab, 'language').locator('button')).first().click();
  await tab.page.getByRole('option', { name: 'TypeScript' }).click();
  await expect.poll(() => marks(tab).count()).toBe(0);
  await write(tab, field(tab, 'code'), 'flow.set("a", 1);');
  await expect.poll(() => marks(tab).allInnerTexts()).toEqual(['flow']);
  await marks(tab).hover();
  await tab.page.getByText('flow is there once “Context” in the settings grants it.').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('in TypeScript what does not fit its type is marked, in the language of the page, and the deploy does not mind', async () => {
  const tab = await opened('typed-strict', { language: 'typescript', code: 'const code: string = msg.statusCode;\nmsg.payload = code;\nmsg.more = 1;\nreturn msg;' }, { language: 'ru', theme: 'dark' });
  await marks(tab).waitFor({ timeout: WORKER_MS });
  expect(await marks(tab).allInnerTexts()).toEqual(['code']);
  await marks(tab).hover();
  await tab.page.getByText('Тип "number" не может быть назначен для типа "string".').waitFor();
  await tab.screenshot('typed-marked-ru-dark');
  await tab.deploy();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('closing code is written beside it, with the context and what the setup code made, and without a message', async () => {
  const tab = await opened('typed-closing', { context: 'flow', setup: 'const step = { by: 1 };', code: 'return msg;', closing: 'flow.set("at", step.by);' });
  await field(tab, 'closing').locator('.cm-content').waitFor();
  await write(tab, field(tab, 'closing'), 'flow.set("n", step.by);\nmsg.payload;');
  await expect.poll(() => marks(tab, 'closing').allInnerTexts(), { timeout: WORKER_MS }).toEqual(['msg']);
  await write(tab, field(tab, 'closing'), 'node.log(1);\nflow.');
  await field(tab, 'closing').locator('.cm-content').press('Control+Space');
  await list(tab).getByText('update', { exact: true }).waitFor();
  await tab.screenshot('typed-closing');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('names of the setup code are completed and cannot be changed, as soon as they are written', async () => {
  const tab = await opened('typed-setup', { language: 'typescript', setup: 'const rates = { EUR: 1, USD: 0.9 };', code: '' });
  await write(tab, field(tab, 'code'), 'rates.');
  await tab.page.keyboard.press('Control+Space');
  await list(tab).getByText('USD', { exact: true }).waitFor({ timeout: WORKER_MS });
  await tab.page.keyboard.press('Escape');
  await tab.page.keyboard.insertText('EUR = 2;');
  await expect.poll(() => marks(tab).allInnerTexts()).toEqual(['EUR']);
  await write(tab, field(tab, 'setup'), 'const rates = { RUB: 1 };\nmsg.payload;');
  await expect.poll(() => marks(tab, 'setup').allInnerTexts()).toEqual(['msg']);
  await expect.poll(() => tab.page.locator('.cm-tooltip-lint').count()).toBe(0);
  await write(tab, field(tab, 'code'), 'rates.');
  await tab.page.keyboard.press('Control+Space');
  await list(tab).getByText('RUB', { exact: true }).waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('the type of the message is refined by what came', async () => {
  const flow: Flow = { ...flowOf('typed-came', { code: '' }), nodes: { ask: node('inject', { payload: { items: [{ price: 120 }, { price: 5, note: 'x' }] } }, 'Orders'), it: node('function') }, wires: [{ from: 'ask.out', to: 'it.in' }] };
  await bench.save(flow);
  const tab = await bench.tab(flow.id);
  await tab.node('it').click();
  await field(tab, 'code').getByText('msg as “Orders” sends it', { exact: true }).waitFor();
  await tab.deploy();
  await tab.node('ask').getByRole('button', { name: /Send a message/ }).click();
  await field(tab, 'code').getByText('msg as “Orders” sends it, and as the last message came').waitFor();
  await write(tab, field(tab, 'code'), 'msg.payload.items[0].');
  await tab.page.keyboard.press('Control+Space');
  await list(tab).getByText('note', { exact: true }).waitFor({ timeout: WORKER_MS });
  expect(await list(tab).innerText()).toMatch(/price\s*number/);
  await tab.page.close();
});

test.skipIf(!chromium)('types that cannot be loaded are told beneath the code, which can be written and tried as before', async () => {
  await bench.save(flowOf('typed-lost', { code: '' }));
  const tab = await bench.tab('typed-lost');
  await tab.page.route('**/worker-*.js', (route) => route.abort());
  await tab.node('it').click();
  await field(tab, 'code').locator('.cm-content').waitFor();
  await write(tab, field(tab, 'code'), 'return { payload: "still" };');
  await field(tab, 'code').getByText('could not be loaded').waitFor();
  await tab.screenshot('typed-lost');
  await tab.page.keyboard.press('Control+Shift+Enter');
  await tab.page.locator('.inspector .tried').getByText('still').waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('the enlarged code has the same, and is tried there by key, with its result beside it', async () => {
  const tab = await opened('typed-large', { code: 'node.warn("seen");\nreturn msg;' });
  await field(tab, 'code').getByRole('button', { name: 'Enlarge' }).click();
  const dialog = tab.page.getByRole('dialog');
  await dialog.locator('.whole .cm-content').click();
  await tab.page.keyboard.press('Control+Home');
  await tab.page.keyboard.type('crypto.');
  await list(tab).getByText('createHash', { exact: true }).waitFor({ timeout: WORKER_MS });
  await tab.screenshot('typed-large-complete');
  await tab.page.keyboard.press('Escape');
  expect(await dialog.count()).toBe(1);
  await tab.page.keyboard.insertText('getHashes();\n');
  await tab.page.keyboard.press('Control+Shift+Enter');
  await dialog.locator('.tried').getByText('seen').waitFor();
  await tab.screenshot('typed-large-tried');
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('the parameters of a call are asked for once however fast somebody types, and go when the code is left', async () => {
  const tab = await opened('typed-call', { code: '' });
  await tab.page.evaluate(() => {
    const held: [Worker, unknown][] = [];
    const post = Worker.prototype.postMessage as (this: Worker, message: unknown) => void;
    Object.assign(globalThis, { held, goOn: () => { Worker.prototype.postMessage = post; held.splice(0).forEach(([worker, message]) => post.call(worker, message)); } });
    Worker.prototype.postMessage = function hold(message: unknown) { if ((globalThis as unknown as { isHeld?: boolean }).isHeld) held.push([this, message]); else post.call(this, message); };
  });
  await field(tab, 'code').locator('.cm-content').click();
  await tab.page.keyboard.type('RED.util.cloneMessage(');
  const signature = tab.page.locator('.cm-signature');
  await signature.waitFor({ timeout: WORKER_MS });
  await tab.page.evaluate(() => { Object.assign(globalThis, { isHeld: true }); });
  await tab.page.keyboard.type('"twelve chars"');
  const asked = (): Promise<number> => tab.page.evaluate(() => (globalThis as unknown as { held: [Worker, { question: { ask: string } }][] }).held.filter(([, { question }]) => question.ask === 'signature').length);
  expect(await asked()).toBe(1);
  await tab.page.evaluate(() => { (globalThis as unknown as { goOn(): void }).goOn(); });
  await tab.page.keyboard.type(', ');
  await signature.waitFor();
  await field(tab, 'outputs').locator('input').click();
  await expect.poll(() => signature.count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('marks are told in the language of the page as soon as that is another', async () => {
  const tab = await opened('typed-language', { code: 'nowhere();\nreturn msg;' });
  await marks(tab).waitFor({ timeout: WORKER_MS });
  await tab.page.getByRole('button', { name: 'Русский' }).click();
  const told = tab.page.locator('.cm-tooltip').getByText('Имя nowhere здесь неизвестно.');
  await expect.poll(async () => {
    await tab.page.mouse.move(0, 0);
    await marks(tab).hover();
    return await told.waitFor({ timeout: 1000 }).then(() => true, () => false);
  }, { timeout: 15_000 }).toBe(true);
  expect(await field(tab, 'code').getByText('Не удалось загрузить').count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('marks of code that was corrected go also when the types are lost meanwhile', async () => {
  const tab = await opened('typed-gone', { code: 'nowhere();\nreturn msg;' });
  await marks(tab).waitFor({ timeout: WORKER_MS });
  await tab.page.evaluate(() => { Worker.prototype.postMessage = function fail() { this.onerror?.(new ErrorEvent('error', { message: 'lost' })); }; });
  await field(tab, 'code').locator('.cm-content').click();
  await tab.page.keyboard.press('Control+Home');
  await tab.page.keyboard.insertText('const nowhere = () => 1;\n');
  await field(tab, 'code').getByText('could not be loaded').waitFor();
  await expect.poll(() => marks(tab).count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('the enlarged code is left by keys for what stands beside it', async () => {
  const tab = await opened('typed-leave', { code: 'return msg;' });
  await field(tab, 'code').getByRole('button', { name: 'Enlarge' }).click();
  const dialog = tab.page.getByRole('dialog');
  await dialog.getByText('Ctrl M, then Tab leads out of the code.').waitFor();
  await dialog.locator('.whole .cm-content').waitFor();
  await tab.page.keyboard.press('Control+m');
  await tab.page.keyboard.press('Tab');
  expect(await dialog.locator('.trial').evaluate((each) => each.contains(document.activeElement))).toBe(true);
  expect(await dialog.locator('.whole .cm-content').innerText()).toBe('return msg;');
  expect(await seriousFindings(tab)).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a reload right after typing loses nothing', async () => {
  const tab = await opened('typed-reload', { code: 'return msg;' });
  tab.page.on('dialog', (dialog) => { void dialog.accept(); });
  await write(tab, field(tab, 'code'), 'return null;');
  await tab.page.reload();
  await expect.poll(async () => (await bench.flow('typed-reload')).flow.nodes.it?.config.code).toBe('return null;');
  await tab.page.close();
});
