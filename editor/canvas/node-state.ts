import type { FlowNode, LiveCounters, NodeCounters, NodeInfo, Problem, Text } from '../../runtime/api/contract.ts';
import { own } from '../../runtime/flow/own.ts';
import { formatDuration, formatRate, pick, t } from '../i18n/index.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';
/** The line under a card: a colour, and the word that says the same. */
export interface NodeState { readonly tone: Tone; readonly text: string }

export interface NodeFacts {
  readonly node: FlowNode;
  readonly info: NodeInfo | undefined;
  readonly counters: NodeCounters | undefined;
  readonly connections: LiveCounters['connections'] | undefined;
  readonly problems: readonly Problem[];
  readonly failure: Text | undefined;
  readonly now: number;
}

/** What most needs a person's eye comes first. */
export function stateOf(facts: NodeFacts): NodeState | undefined {
  const { node, counters, failure } = facts;
  if (failure) return { tone: 'bad', text: pick(failure) };
  const problem = facts.problems.find((each) => each.level === 'error');
  if (problem) return { tone: 'bad', text: t('canvas.state-problem', { text: pick(problem.message) }) };
  if (node.disabled) return { tone: 'quiet', text: t('canvas.state-disabled') };
  if (!counters) return undefined;
  if (counters.problem) return { tone: 'bad', text: t('canvas.state-problem', { text: pick(counters.problem) }) };
  return pausedState(facts) ?? countedState(counters);
}

/** What the node waits for, and the connections that its settings name, before any message came. */
function resourcesOf({ node, info, counters }: NodeFacts): readonly string[] {
  const named = Object.entries(info?.config ?? {}).flatMap(([field, { kind }]) => { const name = node.config[field]; return kind === 'connection' && typeof name === 'string' ? [name] : []; });
  return [...counters?.paused ?? [], ...named];
}

function pausedState(facts: NodeFacts): NodeState | undefined {
  const { connections, now } = facts;
  for (const name of resourcesOf(facts)) {
    const connection = own(connections, name);
    if (connection?.state !== 'paused') continue;
    const reason = connection.reason ? pick(connection.reason) : name;
    const left = connection.probeAt === undefined ? 0 : connection.probeAt - now;
    return { tone: 'warn', text: left > 0 ? t('canvas.state-paused-until', { reason, time: formatDuration(Math.ceil(left / 1000) * 1000) }) : t('canvas.state-paused', { reason }) };
  }
  return undefined;
}

/** What waits for a person at this node: it stands before the state, and leads to them. */
export function lettersOf(counters: NodeCounters | undefined): string | undefined {
  const dead = counters && counters.deadLetters > 0 ? [t('canvas.state-dead-letters', { n: counters.deadLetters })] : [];
  const held = counters?.keysHeld ? [t('canvas.state-keys-held', { n: counters.keysHeld })] : [];
  return dead.length + held.length === 0 ? undefined : [...dead, ...held].join(' · ');
}

function countedState(counters: NodeCounters): NodeState | undefined {
  if (counters.held > 0) return { tone: 'warn', text: t('canvas.state-held', { n: counters.held }) };
  if (counters.status) return { tone: counters.status.kind, text: pick(counters.status.text) };
  if (counters.perSecond > 0) return { tone: 'good', text: [formatRate(counters.perSecond), ...(counters.ms === undefined ? [] : [formatDuration(counters.ms)])].join(' · ') };
  if (counters.waiting > 0) return { tone: 'info', text: t('canvas.state-waiting', { n: counters.waiting }) };
  if (counters.failed > 0) return { tone: 'warn', text: t('canvas.state-failed', { n: counters.failed }) };
  if (counters.done > 0) return { tone: 'quiet', text: t('canvas.state-done', { n: counters.done }) };
  return undefined;
}
