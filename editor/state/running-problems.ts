import type { LiveCounters, Problem } from '../../runtime/api/contract.ts';
import type { Session } from './session.svelte.ts';

/**
 * What keeps nodes of the running revision from working, beside the problems of the draft: what the last deploy answered,
 * and what the runtime says of a node that could not start. A node that was changed since is left out: the draft may have mended it.
 */
export function runningProblems(session: Pick<Session, 'deployment' | 'problems' | 'changedNodes' | 'flow'>, counters: LiveCounters | undefined): readonly Problem[] {
  const { deployment, flow } = session;
  const answered = deployment?.state === 'done' ? deployment.answer.problems : deployment?.state === 'failed' ? deployment.error.problems : [];
  const said = Object.entries(counters?.flow === flow.id ? counters.nodes : {}).flatMap(([node, { problem }]): Problem[] =>
    (problem ? [{ code: 'node.cannot-start', level: 'error', where: { flow: flow.id, node }, message: problem, fix: FIX }] : []));
  const found: Problem[] = [];
  for (const problem of [...answered, ...said]) {
    const { node } = problem.where;
    if (node !== undefined && (session.changedNodes.has(node) || !Object.hasOwn(flow.nodes, node))) continue;
    const isKnown = [...session.problems, ...found].some((other) => other.where.node === node && (other.code === problem.code || other.message.en === problem.message.en));
    if (!isKnown) found.push(problem);
  }
  return found;
}

const FIX = { en: 'Correct the node and deploy again; messages wait at its input.', ru: 'Исправьте узел и примените снова; сообщения ждут на его входе.' };
