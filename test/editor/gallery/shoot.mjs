// Takes pictures of the gallery in both themes and languages, and prints what axe finds. Needs a running `vite --config test/editor/gallery/vite.config.ts`.
import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const [out = 'gallery-pictures', ...pages] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
for (const page of pages) {
  for (const [theme, language] of [['light', 'en'], ['dark', 'ru']]) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const tab = await context.newPage();
    tab.on('console', (message) => { if (['error', 'warning'].includes(message.type())) console.log(page, theme, message.text()); });
    tab.on('pageerror', (error) => console.log(page, theme, error.message));
    await tab.goto(`http://127.0.0.1:4891/?page=${page}&theme=${theme}&language=${language}`, { waitUntil: 'networkidle' });
    await tab.screenshot({ path: `${out}/${page}-${theme}-${language}.png`, fullPage: true });
    const { violations } = await new AxeBuilder({ page: tab }).analyze();
    for (const { id, impact, nodes } of violations) console.log(page, theme, impact, id, nodes.slice(0, 4).map((node) => node.html.slice(0, 160)));
    await context.close();
  }
}
await browser.close();
