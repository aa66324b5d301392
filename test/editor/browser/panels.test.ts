import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
});

const words = {
  en: { tabs: ['Settings', 'Input', 'Output', 'Delivery', 'Help'], connections: 'Connections', settings: 'Settings', flows: 'Flows', newConnection: 'New connection', exportAll: 'Export all', import: 'Import', problems: 'Problems' },
  ru: { tabs: ['Настройки', 'Вход', 'Выход', 'Доставка', 'Справка'], connections: 'Подключения', settings: 'Настройки', flows: 'Потоки', newConnection: 'Новое подключение', exportAll: 'Экспортировать все', import: 'Импорт', problems: 'Проблемы' },
} as const;

/** What keeps somebody from using the screen, and what does not fit its place. */
async function findings(tab: Tab): Promise<string[]> {
  const serious = await seriousFindings(tab);
  const cut = await tab.page.evaluate(() =>
    [...document.querySelectorAll('.inspector button, .inspector label, .inspector h3, .panel button, .panel h2, .panel label, .dock [role=tab], [role=dialog] button, [role=dialog] label')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline' && !element.closest('.visually-hidden') && !element.classList.contains('visually-hidden'))
      .map((element) => `cut: ${element.className} ${element.textContent?.slice(0, 40)}`));
  const wide = await tab.page.evaluate(() =>
    [...document.querySelectorAll('.inspector .panel, .inspector [role=tabpanel], aside.panel > div, [role=dialog] .body')].filter((element) => element.scrollWidth > element.clientWidth + 1).map((element) => `too wide: ${element.className}`));
  return [...serious, ...cut, ...wide];
}

describe.each([['light', 'en'], ['dark', 'ru']] as const)('in the %s theme and language %s', (theme, language) => {
  const say = words[language];

  test.skipIf(!chromium)('every tab of the inspector can be read and used', async () => {
    const tab = await bench.tab('lead-capture', { theme, language });
    // A source with its curl, a node with connection and environment, and one with lists and SQL.
    for (const node of ['form', 'dedupe', 'save']) {
      await tab.page.locator(`.svelte-flow__node[data-id="${node}"]`).dispatchEvent('click');
      for (const name of say.tabs) {
        await tab.page.locator('.inspector').getByRole('tab', { name }).click();
        expect([node, name, await findings(tab)]).toEqual([node, name, []]);
      }
      await tab.page.locator('.inspector').getByRole('tab', { name: say.tabs[0] }).click();
      await tab.screenshot(`inspector-${node}-${theme}-${language}`);
    }
    expect(tab.errors).toEqual([]);
    await tab.page.close();
  }, 120_000);

  test.skipIf(!chromium)('flow settings, panels, dock and dialogs can be read and used', async () => {
    const tab = await bench.tab('lead-capture', { theme, language });
    const look = async (name: string): Promise<void> => {
      await tab.screenshot(`${name}-${theme}-${language}`);
      expect([name, await findings(tab)]).toEqual([name, []]);
    };
    await tab.page.locator('.crumbs .flow').click();
    await look('flow-settings');
    await tab.page.getByRole('button', { name: say.connections, exact: true }).first().click();
    await look('connections');
    await tab.page.getByRole('button', { name: say.newConnection }).click();
    await look('connection-form');
    await tab.page.keyboard.press('Escape');
    await tab.page.getByRole('button', { name: say.settings, exact: true }).first().click();
    await look('settings');
    await tab.page.getByRole('button', { name: say.flows, exact: true }).last().click();
    await look('flows');
    await tab.page.getByRole('button', { name: say.exportAll }).click();
    await tab.page.locator('[role=dialog] pre').waitFor();
    await look('export');
    await tab.page.keyboard.press('Escape');
    await tab.page.getByRole('button', { name: say.import, exact: true }).first().click();
    await look('import');
    await tab.page.keyboard.press('Escape');
    await tab.page.keyboard.press('Control+j');
    await tab.page.getByRole('tab', { name: say.problems }).click();
    await look('problems');
    expect(tab.errors).toEqual([]);
    await tab.page.close();
  }, 120_000);
});
