import { expect, test } from 'vitest';
import type { FlowAnswer, LiveCounters } from '../../../runtime/api/contract.ts';
import { troublesOf } from '../../../editor/shell/troubles.ts';

const text = (en: string) => ({ en, ru: en });
const live = (state: string, more: object = {}) => ({ revision: 1, state, ...more }) as NonNullable<FlowAnswer['live']>;
const system = { journal: { state: 'well' }, store: { state: 'well' } } as const;
const well = { system, live: live('live'), counters: undefined } as const;

test('a flow that runs and one that a person stopped have none', () => {
  expect(troublesOf(well)).toEqual([]);
  expect(troublesOf({ ...well, live: live('stopped') })).toEqual([]);
  expect(troublesOf({ ...well, system: undefined, live: undefined })).toEqual([]);
});

test('a flow that was stopped by itself says why, and can be started', () => {
  const [trouble] = troublesOf({ ...well, live: live('stopped', { reason: text('The process ended again and again.') }) });
  expect(trouble).toMatchObject({ id: 'stopped', tone: 'bad', text: 'The process ended again and again.', remedies: ['letters', 'start'] });
  expect(troublesOf({ ...well, live: live('failed') })).toMatchObject([{ id: 'failed', remedies: ['problems', 'start'] }]);
});

test('a journal that takes nothing says what that means and what to do, first of all', () => {
  const waiting = { state: 'waiting', reason: 'SQLITE_FULL', means: text('The disk is full.'), fix: text('Free space.') } as const;
  expect(troublesOf({ ...well, system: { ...system, journal: waiting }, live: live('failed') })).toMatchObject([{ id: 'journal', tone: 'warn', text: 'The disk is full.', fix: 'Free space.' }, { id: 'failed' }]);
  expect(troublesOf({ ...well, system: { ...system, journal: { ...waiting, state: 'damaged' } } })).toMatchObject([{ tone: 'bad', fix: 'Free space. How: docs/operations.md.' }]);
});

test('a flow that fills its share of the disk says so', () => {
  expect(troublesOf({ ...well, counters: { isDiskFull: true } as LiveCounters })).toMatchObject([{ id: 'disk-full', tone: 'warn' }]);
});

test('a store that takes nothing says that messages go on, and what to do', () => {
  const store = { state: 'waiting', reason: 'locked', code: 'store.unavailable', means: text('The file cannot be used now.'), fix: text('Check the folder.') } as const;
  expect(troublesOf({ ...well, system: { ...system, store } })).toMatchObject([{ id: 'store', tone: 'warn', text: expect.stringMatching(/^The file cannot be used now\. Messages go on/), fix: 'Check the folder.' }]);
});
