import { expect, test } from 'vitest';
import type { DebugMessage } from '../../../runtime/api/contract.ts';
import { failureOf } from '../../../editor/debug/failure.ts';
import { shownMessages } from '../../../editor/debug/filter.ts';

const message = (id: number, more: Partial<DebugMessage> = {}): DebugMessage => ({ id, at: id, flow: 'f', node: 'a', runId: `run-${id}`, kind: 'debug', label: 'payload', value: { name: 'Анна' }, ...more });
const ids = (messages: readonly DebugMessage[]): readonly number[] => messages.map(({ id }) => id);
const messages = [message(1), message(2, { node: 'b', value: { name: 'Boris' } }), message(3, { kind: 'failure', label: 'http.failed' }), message(4, { kind: 'log', label: 'started' })];

test('shows the newest first and only the asked-for kinds', () => {
  expect(ids(shownMessages(messages, ['debug', 'failure'], { text: '' }))).toEqual([3, 2, 1]);
  expect(ids(shownMessages(messages, ['log'], { text: '' }))).toEqual([4]);
});

test('filters by node', () => {
  expect(ids(shownMessages(messages, ['debug', 'failure'], { nodes: new Set(['b']), text: '' }))).toEqual([2]);
});

test('finds text in value, label and run, whatever its case', () => {
  expect(ids(shownMessages(messages, ['debug', 'failure'], { text: 'анна' }))).toEqual([3, 1]);
  expect(ids(shownMessages(messages, ['debug', 'failure'], { text: 'HTTP.' }))).toEqual([3]);
  expect(ids(shownMessages(messages, ['debug', 'failure'], { text: 'run-2' }))).toEqual([2]);
});

test('reads a failure with the hint of its node type, else of the runtime', () => {
  const text = { en: 'no such mailbox', ru: 'нет такого ящика' };
  const failed = (label: string) => message(1, { kind: 'failure', label, value: { message: text, attempt: 5, final: true } });
  const own = { en: 'Look the address up.', ru: 'Проверьте адрес.' };
  expect(failureOf(failed('mail.refused'), { failures: { 'mail.refused': own } } as never)).toEqual({ code: 'mail.refused', text, attempt: 5, final: true, hint: own });
  expect(failureOf(failed('expression.failed'), undefined)?.hint?.en).toMatch(/expression/i);
  expect(failureOf(message(1), undefined)).toBeUndefined();
});
