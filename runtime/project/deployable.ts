import type { ProblemCode } from '../errors.ts';
import type { Problem } from '../flow/flow.ts';

/**
 * What a problem does to a deploy. `refuses`: the document as a whole cannot be meant so, and nobody could say what would run.
 * `node`: that node (or the nodes that need the thing) cannot start; the others run, and the deploy reports it.
 */
const effects: { readonly [code in ProblemCode]: 'refuses' | 'node' } = {
  'flow.json': 'refuses',
  'flow.shape': 'refuses',
  'flow.earlier-revision': 'node',
  'flow.id': 'refuses',
  'flow.duplicate-key': 'refuses',
  'flow.number-rounded': 'node',
  'flow.duplicate-wire': 'refuses',
  'flow.node-red': 'refuses',
  'flow.not-a-flow': 'refuses',
  'flow.newer-format': 'refuses',
  'flow.unknown-type': 'node',
  'flow.needs-durable': 'refuses',
  'flow.newer-version': 'node',
  'flow.endless-loop': 'refuses',
  'flow.loop': 'node',
  'flow.uses-missing': 'node',
  'flow.uses-type': 'node',
  'flow.connection-missing': 'node',
  'flow.connection-type': 'node',
  'flow.env-unknown': 'node',
  'flow.secret-unknown': 'node',
  'field.required': 'node',
  'field.type': 'node',
  'field.range': 'node',
  'field.pattern': 'node',
  'field.choice': 'node',
  'field.unit': 'node',
  'field.form': 'node',
  'field.syntax': 'node',
  'field.secret-literal': 'refuses',
  'field.node-missing': 'node',
  'field.link-missing': 'node',
  'wire.dangling': 'refuses',
  'wire.into-source': 'refuses',
  'wire.type': 'node',
  'node.cannot-start': 'node',
  'connections.json': 'node',
  'connections.shape': 'node',
  'connection.unknown-setting': 'node',
  'connection.unknown-type': 'node',
};

/** Warnings never stop a deploy. A code from elsewhere, such as a node's own, stops it when it names no node. */
export function refusesDeploy({ code, level, where }: Problem): boolean {
  if (level !== 'error') return false;
  const effect = (effects as { readonly [code: string]: 'refuses' | 'node' })[code];
  return effect === undefined ? where.node === undefined : effect === 'refuses';
}
