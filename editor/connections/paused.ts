import type { ConnectionState, LiveCounters } from '../../runtime/api/contract.ts';
import { formatAge, formatWhen, pick, t } from '../i18n/index.ts';

/** A host that nodes call by its address is paused like a connection, under this name; so is a node to which links lead. */
const HOST = 'host:';
const LINK = 'link:';

export interface PausedLine {
  readonly name: string;
  readonly title: string;
  /** The project has it, so there is a form to open. */
  readonly isConnection: boolean;
  readonly reason: string;
  /** Since when, and when it is tried again. */
  readonly times: string;
  readonly since: number | undefined;
}

/** The paused ones, those that wait longest first. */
export function pausedLines(connections: LiveCounters['connections'], now: number): readonly PausedLine[] {
  return Object.entries(connections)
    .filter(([, { state }]) => state === 'paused')
    .sort(([, a], [, b]) => (a.since ?? 0) - (b.since ?? 0))
    .map(([name, state]) => ({
      name, title: titleOf(name), isConnection: !name.startsWith(HOST) && !name.startsWith(LINK),
      reason: state.reason ? pick(state.reason) : '', times: pausedTimes(state, now), since: state.since,
    }));
}

function titleOf(name: string): string {
  if (name.startsWith(HOST)) return t('connections.host', { name: name.slice(HOST.length) });
  return name.startsWith(LINK) ? t('connections.link', { name: name.slice(LINK.length) }) : name;
}

export function pausedTimes({ since, probeAt }: ConnectionState, now: number): string {
  const begun = since === undefined ? [] : [t('connections.paused-since', { time: formatWhen(since, now), age: formatAge(since, now) })];
  const next = probeAt === undefined ? [] : [probeAt > now ? t('connections.next-try', { time: formatAge(now, probeAt + 999) }) : t('connections.trying')];
  return [...begun, ...next].join(' · ');
}
