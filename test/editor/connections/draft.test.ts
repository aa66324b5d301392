import { expect, test } from 'vitest';
import { documentOf, draftOf, nameProblem, withRate } from '../../../editor/connections/draft.ts';

test('begins with the stored connection, else with the asked-for type, else with the first', () => {
  const known = { name: 'crm-db', document: { type: 'sql', config: { file: 'a.db' } } } as never;
  expect(draftOf({ name: 'crm-db' }, known, ['mail'])).toEqual({ name: 'crm-db', type: 'sql', config: { file: 'a.db' } });
  expect(draftOf({ type: 'sql' }, undefined, ['mail', 'sql'])).toEqual({ name: '', type: 'sql', config: {} });
  expect(draftOf({}, undefined, ['mail', 'sql']).type).toBe('mail');
});

test('a name has the form of an id and is not taken', () => {
  expect([nameProblem('', []), nameProblem('CRM', []), nameProblem('crm-db', ['crm-db']), nameProblem('crm-db', [])]).toEqual(['form', 'form', 'taken', undefined]);
});

test('what the form does not show of a stored connection is saved with it', () => {
  const document = { type: 'sql', config: { file: 'a.db' }, rate: '5/1s', note: 'of the sales team' };
  expect(documentOf(draftOf({ name: 'crm-db' }, { name: 'crm-db', document } as never, []))).toEqual(document);
});

test('the limit of calls is set and taken away, and the rest stays', () => {
  const draft = draftOf({ name: 'crm-db', type: 'sql' }, undefined, []);
  const limited = withRate(draft, '5/1s');
  expect(documentOf(limited)).toEqual({ type: 'sql', config: {}, rate: '5/1s' });
  expect(documentOf(withRate(limited, undefined))).toEqual({ type: 'sql', config: {} });
});
