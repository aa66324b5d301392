import type { WireCounters } from '../../runtime/api/contract.ts';
import { formatAge, formatCompact, formatRate, t } from '../i18n/index.ts';
import { fillOf, levelOf } from '../model/wire-fill.ts';
import type { WireLevel } from '../model/wire-fill.ts';

/** What stands on a wire: how many wait, how full it is, how old the oldest is; on request also what passes. */
export interface WireLabel {
  readonly text: string;
  /** A second line: age of the oldest, and how many go through. */
  readonly more: string;
  /** 0 to 1, for the bar. */
  readonly fill: number;
  readonly level: WireLevel;
}

export interface WireFacts {
  readonly counters: WireCounters | undefined;
  readonly now: number;
  /** Somebody asks for it: the pointer is on it, or it is selected. */
  readonly isAsked: boolean;
  /** Between near cards a small queue would cover their names. */
  readonly hasRoom: boolean;
}

export function wireLabel({ counters, now, isAsked, hasRoom }: WireFacts): WireLabel {
  if (!counters) return { text: '', more: '', fill: 0, level: '' };
  const fill = fillOf(counters);
  const level = levelOf(counters);
  const through = isAsked && counters.perSecond > 0 ? [t('canvas.per-second', { rate: formatRate(counters.perSecond) })] : [];
  if (counters.waiting === 0) return { text: isAsked ? t('canvas.passed', { count: formatCompact(counters.passed) }) : '', more: through.join(), fill, level };
  if (!hasRoom && level === '' && !isAsked) return { text: '', more: '', fill, level };
  const queue = t(level === 'full' ? 'canvas.waiting-full' : 'canvas.waiting', { n: counters.waiting, count: formatCompact(counters.waiting) });
  // The age of the oldest is said unasked where somebody wanted to be warned of it.
  const age = counters.oldestAt === undefined || !(isAsked || counters.old) ? [] : [t('canvas.oldest', { time: formatAge(counters.oldestAt, now) })];
  return { text: queue, more: [...age, ...through].join(' · '), fill, level };
}
