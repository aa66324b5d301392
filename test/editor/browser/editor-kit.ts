import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { Flow, FlowAnswer } from '../../../runtime/api/contract.ts';
import { MillraceProcess, ROOT, TempDir } from '../../kit/millrace-process.ts';
import { addFiles } from '../../kit/module-folder.ts';
import { emptyFlow } from '../../kit/test-editor.ts';

/** Millrace as a person starts it, with a browser before it. */

// Of one step: a test that waits in vain says where.
const STEP_TIMEOUT_MS = 10_000;
const BROWSER_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export class EditorBench {
  readonly url: string;
  readonly #server: MillraceProcess;
  readonly #browser: Browser;
  readonly #data: TempDir;
  readonly #contexts: BrowserContext[] = [];

  private constructor(parts: { url: string; server: MillraceProcess; browser: Browser; data: TempDir }) {
    this.url = parts.url;
    this.#server = parts.server;
    this.#browser = parts.browser;
    this.#data = parts.data;
  }

  /** `modules`: files of npm packages that function nodes may use, by path below `node_modules`. */
  static async open(executablePath: string, modules: { readonly [path: string]: string } = {}): Promise<EditorBench> {
    const data = new TempDir();
    addFiles(data.join('modules'), modules);
    const allowed = [...new Set(Object.keys(modules).map((path) => path.split('/')[0]))].join();
    const server = new MillraceProcess(['serve', '--port', '0', '--data', data.path, '--nodes', join(ROOT, 'test/editor/browser/nodes'), '--modules', allowed]);
    const [url, browser] = await Promise.all([server.ready(), chromium.launch({ executablePath, args: BROWSER_FLAGS })]);
    return new EditorBench({ url, server, browser, data });
  }

  /** A tab of its own profile on a flow. Anything that the page reports as an error fails the test that asks for `errors`. */
  async tab(flow: string, options: { language?: 'en' | 'ru'; theme?: 'light' | 'dark'; in?: BrowserContext } = {}): Promise<Tab> {
    const context = options.in ?? (await this.#newContext(options));
    const page = await context.newPage();
    const tab = new Tab(page, context);
    await page.goto(`${this.url}/#/flows/${flow}`);
    await page.locator('.svelte-flow__pane').waitFor();
    await page.waitForFunction(isFitted);
    return tab;
  }

  /** Saves a flow, new or known. */
  async save(flow: Flow): Promise<void> {
    const known = await fetch(`${this.url}/api/v1/flows/${flow.id}`);
    const version = known.ok ? ((await known.json()) as FlowAnswer).version : 0;
    const answer = await fetch(`${this.url}/api/v1/flows/${flow.id}`, { method: 'PUT', headers: { 'content-type': 'application/json', 'if-match': `"${version}"` }, body: JSON.stringify(flow) });
    if (!answer.ok) throw new Error(`saving ${flow.id}: ${answer.status} ${await answer.text()}`);
  }

  async saveEmpty(id: string, name = id): Promise<void> {
    await this.save({ ...emptyFlow, id, name });
  }

  async flow(id: string): Promise<FlowAnswer> {
    return (await (await fetch(`${this.url}/api/v1/flows/${id}`)).json()) as FlowAnswer;
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#browser.close();
    await this.#server.stop();
    this.#data.remove();
  }

  async #newContext({ language = 'en', theme = 'light' }: { language?: 'en' | 'ru'; theme?: 'light' | 'dark' }): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'], reducedMotion: 'reduce' });
    await context.addInitScript(([chosen, look]) => {
      localStorage.setItem('millrace.language', String(chosen));
      if (localStorage.getItem('millrace.ui') === null) localStorage.setItem('millrace.ui', JSON.stringify({ theme: look }));
    }, [language, theme]);
    context.setDefaultTimeout(STEP_TIMEOUT_MS);
    this.#contexts.push(context);
    return context;
  }
}

/** Runs in the page. A canvas that has nodes is drawn first and moved to show them then: a place that is measured in between is another one later. */
function isFitted(): boolean {
  const [viewport, minimap] = ['.svelte-flow__viewport', '.svelte-flow__minimap'].map((part) => document.querySelector(part));
  return viewport !== null && viewport !== undefined && (!minimap || !new DOMMatrix(getComputedStyle(viewport).transform).isIdentity);
}

/** One tab, in the words of a person who looks at it. */
export class Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly errors: string[] = [];

  constructor(page: Page, context: BrowserContext) {
    this.page = page;
    this.context = context;
    page.on('pageerror', (error) => this.errors.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource')) this.errors.push(message.text());
    });
  }

  node(id: string): Locator {
    return this.page.locator(`.svelte-flow__node[data-id="${id}"]`);
  }

  get nodes(): Locator {
    return this.page.locator('.svelte-flow__node');
  }

  get wires(): Locator {
    return this.page.locator('.svelte-flow__edge');
  }

  port(node: string, port: string): Locator {
    return this.page.locator(`.svelte-flow__handle[data-nodeid="${node}"][data-handleid="${port}"]`);
  }

  /** A place on the canvas, from its upper left corner. */
  async at(x: number, y: number): Promise<{ x: number; y: number }> {
    const box = await this.page.locator('.surface').boundingBox();
    return { x: (box?.x ?? 0) + x, y: (box?.y ?? 0) + y };
  }

  /** Drags a node type from the palette to a place on the canvas. */
  async dragFromPalette(type: string, x: number, y: number): Promise<void> {
    const surface = this.page.locator('.surface');
    await this.page.locator(`.palette [data-type="${type}"]`).dragTo(surface, { targetPosition: { x, y } });
  }

  async dragWire(from: Locator, to: { x: number; y: number }): Promise<void> {
    await from.hover(); // waits until it stands still
    await this.page.mouse.down();
    await this.page.mouse.move(to.x, to.y, { steps: 8 });
  }

  /** Draws a wire to a port without letting go. */
  async aimWire(from: Locator, to: Locator): Promise<void> {
    await to.hover();
    await this.dragWire(from, await middleOf(to));
  }

  async drawWire(from: Locator, to: Locator): Promise<void> {
    await this.aimWire(from, to);
    await this.page.mouse.up();
  }

  async pickQuickAdd(query: string): Promise<void> {
    await this.page.locator('.quick-add input').fill(query);
    await this.page.keyboard.press('Enter');
  }

  async saved(): Promise<void> {
    await this.page.locator('.save[data-state="saved"]').waitFor();
  }

  async deploy(): Promise<void> {
    const isAgain = await this.page.locator('.bar').getByText(/· (revision|ревизия)/).isVisible();
    await this.page.getByRole('button', { name: /^(Deploy|Применить)/ }).first().click();
    // A later deploy says first what it does.
    if (isAgain) await this.page.getByRole('dialog').getByRole('button', { name: /^(Deploy|Применить)/ }).click();
    await this.page.locator('.bar').getByText(/(?:Live|live|Работает|всё) · (?:revision|ревизия)/).waitFor();
  }

  async screenshot(name: string): Promise<void> {
    const folder = join(ROOT, 'test', 'output');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  }
}

/**
 * What keeps somebody from using what is on the screen. Everything in the page itself and only what is wrong:
 * the usual way, with a second page for the report and all that is in order in it, takes four times as long and finds the same.
 */
export async function seriousFindings({ page }: Tab): Promise<string[]> {
  const isThere = await page.evaluate(() => 'axe' in window); // half a megabyte, read anew each time otherwise
  const { violations } = await new AxeBuilder({ page, ...(isThere && { axeSource: ';' }) }).setLegacyMode().options({ resultTypes: ['violations'] }).analyze();
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).slice(0, 3).join(' | ')}`);
}

export async function middleOf(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox();
  if (!box) throw new Error('it is on the screen');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
