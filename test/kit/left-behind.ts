import type { FlowRunner } from '../../runtime/driver/flow-runner.ts';
import type { TestNodes } from './test-nodes.ts';
import type { World } from './world.ts';

/** All that a flow leaves behind: what arrived, dead letters, counters, history, logs, bugs and the ends of its runs. Two ways of doing the same leave the same. */
export async function leftBehind(w: World, nodes: TestNodes, runner: FlowRunner) {
  const letters = await w.services.journal.deadLetters({ limit: 1000 });
  const steps = (await w.services.journal.outbox(Infinity)).batches.flatMap((batch) => batch.steps.flatMap((text) => JSON.parse(text) as { node: string; message: string; outcome: string; input: string | null; outputs: unknown }[]));
  return {
    arrived: nodes.arrived, letters: letters.map(({ node, code, body, id, lineage }) => ({ node, code, body, id, lineage })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    counts: Object.fromEntries([...runner.nodeCounts].map(([id, { done, failed, deadLetters }]) => [id, [done, failed, deadLetters]])),
    passed: Object.fromEntries([...runner.wireCounts].map(([id, { passed }]) => [id, passed])),
    steps: steps.map(({ node, message, outcome, input, outputs }) => ({ node, message, outcome, input, outputs })).sort((a, b) => (a.message + a.node < b.message + b.node ? -1 : 1)),
    logs: w.events.filter(({ kind }) => kind === 'log').length, bugs: w.bugs, ended: (await w.endedRuns()).map(({ completed, dropped, dead }) => `${completed}/${dropped}/${dead}`).sort(),
  };
}
