import type { NodeInfo, ReplayMode, RunDetail, RunState, RunStep } from '../../runtime/api/contract.ts';
import { formatWhen, t } from '../i18n/index.ts';
import type { PlainKey } from '../i18n/index.ts';
import { dropReason } from '../shared/drop-reason.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'info';

const STATE_TONES: { readonly [State in RunState]: Tone } = { pending: 'info', completed: 'good', dropped: 'plain', 'dead-lettered': 'bad', discarded: 'warn' };
export const toneOfState = (state: RunState): Tone => STATE_TONES[state];
export const stateKey = (state: RunState): PlainKey => `runs.state-${state}`;

const OUTCOME_TONES: { readonly [Outcome in RunStep['outcome']]: Tone } = {
  accepted: 'info', done: 'good', replayed: 'plain', retried: 'warn', failed: 'warn', dropped: 'plain', held: 'info', gathered: 'info', missing: 'warn', 'dead-lettered': 'bad',
};
export const toneOfOutcome = (outcome: RunStep['outcome']): Tone => OUTCOME_TONES[outcome];
export const outcomeKey = (outcome: RunStep['outcome']): PlainKey => `runs.outcome-${outcome}`;

export const modes: readonly ReplayMode[] = ['same-keys', 'new-generation', 'dry-run'];

/** Nodes of the path in the order in which it came to them. */
export const nodesOf = (steps: readonly RunStep[]): readonly string[] => [...new Set(steps.map(({ node }) => node))];

/** Wires of the path; the port of a source is none. */
export const wiresOf = (steps: readonly RunStep[]): readonly string[] => [...new Set(steps.flatMap(({ via }) => (via?.includes('->') ? [via] : [])))];

/** How long after the beginning of the run a step ended. */
export const sinceStart = (run: Pick<RunDetail, 'startedAt'>, step: RunStep): number => Math.max(0, step.at - run.startedAt);

/** Steps of one message at one node are attempts of the same work: these are the ones that were followed by another. Being taken in and waiting are none. */
export function earlierAttempts(steps: readonly RunStep[]): ReadonlySet<RunStep> {
  const tries = steps.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'held');
  const last = new Map(tries.map((step) => [`${step.messageId} ${step.node}`, step]));
  return new Set(tries.filter((step) => last.get(`${step.messageId} ${step.node}`) !== step));
}

/** Why it was dropped, or until when it waits. */
export function whyOf({ outcome, rule, at }: Pick<RunStep, 'outcome' | 'rule' | 'at'>, info: NodeInfo | undefined): string | undefined {
  if (rule === undefined) return undefined;
  if (outcome === 'held') return t('runs.waits-until', { time: formatWhen(Number(rule), at) });
  const why = dropReason(rule, info);
  return why === undefined ? t('runs.rule', { rule }) : t('runs.because', { why });
}
