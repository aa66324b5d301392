import { expect, test } from 'vitest';
import { draftOf, nameProblem } from '../../../editor/connections/draft.ts';

test('begins with the stored connection, else with the asked-for type, else with the first', () => {
  const known = { name: 'crm-db', document: { type: 'sql', config: { file: 'a.db' } } } as never;
  expect(draftOf({ name: 'crm-db' }, known, ['mail'])).toEqual({ name: 'crm-db', type: 'sql', config: { file: 'a.db' } });
  expect(draftOf({ type: 'sql' }, undefined, ['mail', 'sql'])).toEqual({ name: '', type: 'sql', config: {} });
  expect(draftOf({}, undefined, ['mail', 'sql']).type).toBe('mail');
});

test('a name has the form of an id and is not taken', () => {
  expect([nameProblem('', []), nameProblem('CRM', []), nameProblem('crm-db', ['crm-db']), nameProblem('crm-db', [])]).toEqual(['form', 'form', 'taken', undefined]);
});
