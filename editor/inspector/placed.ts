import type { NodeInfo, Problem } from '../../runtime/api/contract.ts';

/** Problems with the field that they are about: one that names only a line is about the node's code. */
export function placed(problems: readonly Problem[], info: NodeInfo | undefined): readonly Problem[] {
  const code = Object.entries(info?.config ?? {}).find(([, field]) => field.kind === 'code')?.[0];
  if (code === undefined) return problems;
  return problems.map((problem) => (problem.where.field === undefined && problem.where.line !== undefined ? { ...problem, where: { ...problem.where, field: code } } : problem));
}
