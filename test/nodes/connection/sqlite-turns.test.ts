import { expect, test } from 'vitest';
import { Turns } from '../../../nodes/connection/_sqlite-turns.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';

/** A database that only remembers what it was told, and fails where the test says. */
function fake(failAt: (sql: string, count: number) => Error | undefined = () => undefined): { readonly turns: Turns; readonly told: string[] } {
  const told: string[] = [];
  const turns = new Turns(async (sql) => {
    told.push(sql);
    const error = failAt(sql, told.filter((each) => each === sql).length);
    if (error) throw error;
    return { rows: [], affected: 0 };
  });
  return { turns, told };
}
const full = new NodeFailure('sql.unavailable', { en: 'full', ru: 'full' }, { scope: 'connection' });

test('transactions that wait share one commit; one that comes alone has its own', async () => {
  const { turns, told } = fake();
  await Promise.all(['a', 'b', 'c'].map((name) => turns.transaction((inside) => inside.query(name))));
  await turns.transaction((inside) => inside.query('d'));
  expect(told.filter((sql) => !/SAVEPOINT|RELEASE/.test(sql))).toEqual(['BEGIN IMMEDIATE', 'a', 'b', 'c', 'COMMIT', 'BEGIN IMMEDIATE', 'd', 'COMMIT']);
});

test('nothing is told to be done before the commit', async () => {
  const { turns, told } = fake();
  let seen: string[] = [];
  await turns.transaction(async () => 1).then(() => { seen = [...told]; });
  expect(seen.at(-1)).toBe('COMMIT');
});

test('a commit that fails fails every transaction in it, and the next group works', async () => {
  const { turns, told } = fake((sql, count) => (sql === 'COMMIT' && count === 1 ? full : undefined));
  const results = await Promise.allSettled([1, 2].map((n) => turns.transaction(async () => n)));
  expect(results).toEqual([{ status: 'rejected', reason: full }, { status: 'rejected', reason: full }]);
  expect(told.at(-1)).toBe('ROLLBACK');
  expect(await turns.transaction(async () => 3)).toBe(3);
});

test('when SQLite gave the whole transaction up, the innocent come again', async () => {
  const { turns } = fake((sql, count) => (sql === 'ROLLBACK TO job' && count === 1 ? new Error('no such savepoint') : undefined));
  const own = new Error('own');
  const results = await Promise.allSettled([turns.transaction(async () => 1), turns.transaction(async () => { throw own; })]);
  expect(results[0]).toMatchObject({ status: 'rejected', reason: { code: 'sql.busy', retry: 'backoff' } });
  expect(results[1]).toEqual({ status: 'rejected', reason: own });
});

test('a file that cannot be written to now fails the first and goes on with the others', async () => {
  const busy = new NodeFailure('sql.busy', { en: 'busy', ru: 'busy' }, { retry: 'backoff' });
  const { turns } = fake((sql, count) => (sql === 'BEGIN IMMEDIATE' && count === 1 ? busy : undefined));
  const results = await Promise.allSettled([1, 2].map((n) => turns.transaction(async () => n)));
  expect(results).toEqual([{ status: 'rejected', reason: busy }, { status: 'fulfilled', value: 2 }]);
});

test('statements and transactions keep their order, also when one is asked for by another’s result', async () => {
  const { turns, told } = fake();
  await turns.statement('a', []).then(() => turns.statement('b', []));
  await Promise.all([turns.statement('c', []), turns.transaction((inside) => inside.query('d')), turns.statement('e', [])]);
  expect(told.filter((sql) => sql.length === 1)).toEqual(['a', 'b', 'c', 'd', 'e']);
});
