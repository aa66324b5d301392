import type { FlowAnswer, LiveCounters, SystemInfo } from '../../runtime/api/contract.ts';
import { pick, t } from '../i18n/index.ts';

/** What can be done about it here. */
export type Remedy = 'start' | 'letters' | 'problems';

export interface Trouble {
  readonly id: 'journal' | 'store' | 'stopped' | 'failed' | 'disk-full';
  readonly tone: 'bad' | 'warn';
  readonly title: string;
  readonly text: string;
  readonly fix?: string;
  readonly remedies: readonly Remedy[];
}

interface Known { readonly system: Pick<SystemInfo, 'journal' | 'store'> | undefined; readonly live: FlowAnswer['live']; readonly counters: LiveCounters | undefined }

/** What keeps the open flow from taking messages although nobody asked for that: what, why, and what to do. */
export function troublesOf({ system, live, counters }: Known): readonly Trouble[] {
  const troubles: Trouble[] = [];
  if (system && system.journal.state !== 'well') troubles.push(ofJournal(system.journal));
  if (system?.store.means) troubles.push({ id: 'store', tone: 'warn', title: t('shell.store-waiting'), text: t('shell.store-waiting-text', { means: pick(system.store.means) }), remedies: [], ...(system.store.fix && { fix: pick(system.store.fix) }) });
  if (live?.state === 'stopped' && live.reason) troubles.push({ id: 'stopped', tone: 'bad', title: t('shell.stopped-itself'), text: pick(live.reason), remedies: ['letters', 'start'] });
  if (live?.state === 'failed') troubles.push({ id: 'failed', tone: 'bad', title: t('shell.start-failed'), text: t('shell.start-failed-text'), remedies: ['problems', 'start'] });
  if (counters?.isDiskFull) troubles.push({ id: 'disk-full', tone: 'warn', title: t('shell.disk-full'), text: t('shell.disk-full-text'), remedies: [] });
  return troubles;
}

function ofJournal({ state, means, fix, reason = '' }: SystemInfo['journal']): Trouble {
  const isDamaged = state === 'damaged';
  return {
    id: 'journal', tone: isDamaged ? 'bad' : 'warn', title: t(isDamaged ? 'shell.journal-damaged' : 'shell.journal-waiting'), text: means ? pick(means) : reason, remedies: [],
    ...(fix && { fix: isDamaged ? t('shell.journal-fix-by-hand', { fix: pick(fix) }) : pick(fix) }),
  };
}
