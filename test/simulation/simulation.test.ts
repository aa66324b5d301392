import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';

/**
 * A thousand stories of a flow, its load and its misfortunes, made from seeds. Each must account for every accepted message.
 * One again, with all that happened in it: `MILLRACE_SEED=17 npm test -- test/simulation/simulation.test.ts`. More: `MILLRACE_SEEDS=20000`.
 */

const SEEDS = Number(process.env.MILLRACE_SEEDS ?? 1000);
const AT_ONCE = 100;
const AGAIN = process.env.MILLRACE_SEED;

test.runIf(AGAIN !== undefined)('the story of the seed that was asked for', { timeout: 60_000 }, async () => {
  const { violations, trace } = await simulate(Number(AGAIN));
  process.stdout.write(`${trace.join('\n')}\n`);
  expect(violations).toEqual([]);
});

test.skipIf(AGAIN !== undefined).each(Array.from({ length: Math.ceil(SEEDS / AT_ONCE) }, (_, i) => 1 + i * AT_ONCE))('accounts for every message in the hundred stories from seed %i', { timeout: 120_000 }, async (first) => {
  const broken: string[] = [];
  let runs = 0;
  for (let seed = first; seed < first + AT_ONCE; seed++) {
    const story = await simulate(seed);
    runs += story.runs;
    if (story.violations.length > 0) broken.push(`MILLRACE_SEED=${seed}: ${story.violations.slice(0, 3).join(' · ')}`);
  }
  expect(broken.join('\n')).toBe('');
  // Stories in which next to nothing was accepted would prove nothing.
  expect(runs).toBeGreaterThan(AT_ONCE * 10);
});

test.skipIf(AGAIN !== undefined)('tells the same story to the letter for the same seed', async () => {
  for (const seed of [3, 44, 555]) expect((await simulate(seed)).trace).toEqual((await simulate(seed)).trace);
});
