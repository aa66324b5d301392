import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { openMemoryStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { TEST_START } from '../../kit/virtual-time.ts';
import { ANN, BOB, worlds } from './kit.ts';

const { open } = worlds();

/** A store whose audit log cannot be written while the disk is full. */
function onDisk(): { readonly disk: { full: boolean }; readonly store: Store } {
  const disk = { full: false };
  const store = openMemoryStore();
  return { disk, store: { ...store, audit: async (entry) => { if (disk.full) throw new Error('database or disk is full'); await store.audit(entry); } } };
}
const replayed = (run: string) => ({ action: 'run.replay', subject: run });

test('whoever did something is not told that it failed when the audit log cannot be written: its line follows, with the time at which it happened', async () => {
  const { disk, store } = onDisk();
  const { project, clock, log } = await open({ store });
  disk.full = true;
  await project.audited(ANN, replayed('r1'));
  await clock.advance(10);
  await project.audited(BOB, replayed('r2'));
  await clock.advance(limits.auditRetryMs * 2);
  expect(await project.audit(10)).toEqual([]);
  disk.full = false;
  await clock.advance(limits.auditRetryMs);
  expect(await project.audit(10)).toEqual([{ at: TEST_START + 10, by: 'bob', ...replayed('r2') }, { at: TEST_START, by: 'ann', ...replayed('r1') }]);
  expect(log.filter((line) => line.includes('audit log'))).toHaveLength(1);
  await clock.advance(limits.auditRetryMs * 3);
  expect(await project.audit(10)).toHaveLength(2);
});

test('lines of the audit log that still wait are written when the project is closed, and told to the operator where that cannot be', async () => {
  const { disk, store } = onDisk();
  const { project, log } = await open({ store });
  disk.full = true;
  await project.audited(ANN, replayed('r1'));
  await project.close();
  expect(log.at(-1)).toContain('1 lines of the audit log are lost');
  disk.full = false;
  await project.close();
  expect(await project.audit(10)).toHaveLength(1);
});

test('more is refused than may wait for the audit log', async () => {
  const { disk, store } = onDisk();
  const { project } = await open({ store });
  disk.full = true;
  for (let n = 0; n < limits.auditWaitingMax; n++) await project.audited(ANN, replayed(`r${n}`));
  await expect(project.audited(ANN, replayed('one more'))).rejects.toThrow('full');
  disk.full = false;
});
