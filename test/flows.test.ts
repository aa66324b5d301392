import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connections, nodes } from '../nodes/index.ts';
import { runCases } from '../runtime/cases.ts';
import { canonicalFlow, canonicalJson } from '../runtime/flow/canonical.ts';
import type { Flow } from '../runtime/flow/flow.ts';

const FLOWS = join(import.meta.dirname, '..', 'flows');
const folders = readdirSync(FLOWS, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const results = await runCases(FLOWS, { nodes, connections });

test.each(results)('$flow: $name', ({ problems }) => expect(problems).toEqual([]));

test.each(folders)('%s has cases and stands in its canonical text', (name) => {
  const text = readFileSync(join(FLOWS, name, 'flow.json'), 'utf8');
  expect(results.some(({ flow }) => flow === name)).toBe(true);
  expect(canonicalFlow(JSON.parse(text) as Flow)).toBe(text);
});

test('the connections stand in their canonical text', () => {
  const text = readFileSync(join(FLOWS, 'connections.json'), 'utf8');
  expect(canonicalJson(JSON.parse(text))).toBe(text);
});

test('a case that expects what does not come is told so, at its place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cases-'));
  try {
    cpSync(join(FLOWS, 'quote'), folder, { recursive: true });
    const given = [{ node: 'ask', body: { payload: { weightKg: 10 } }, reply: true }];
    const expected = { arrives: { price: [{ payload: { weightKg: 11 } }], refuse: [{}] }, replies: [{ status: 201 }], deadLetters: [{ node: 'price', code: 'x.y' }] };
    writeFileSync(join(folder, 'cases.json'), JSON.stringify({ cases: [{ name: 'wrong', given, expect: expected }] }));
    const [result] = await runCases(folder, { nodes, connections });
    expect(result?.ok).toBe(false);
    for (const place of ['arrives at price[0].payload.weightKg', 'arrives at refuse', 'replies[0].status', 'dead letters']) expect(result?.problems.join('\n')).toContain(place);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
