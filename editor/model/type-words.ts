import type { Flow } from '../../runtime/flow/flow.ts';
import type { NodeInfo, PortType } from '../../runtime/flow/node-info.ts';
import { declaredInputs } from './declared-inputs.ts';

/** A path of a message with the type that stands there. */
export interface TypedPath { readonly path: string; readonly detail: string }

const DEPTH_MAX = 6;

/** Paths of the messages that the nodes before this one say they send. */
export function typedInput(flow: Flow, node: string, infoOf: (type: string) => NodeInfo | undefined): readonly TypedPath[] {
  const paths = declaredInputs(flow, node, infoOf).flatMap(({ type }) => typedPaths(type));
  return [...new Map(paths.map((each) => [each.path, each])).values()];
}

function typedPaths(type: PortType | undefined, path = '', depth = 0): readonly TypedPath[] {
  if (type?.type !== 'record' || depth >= DEPTH_MAX) return [];
  return Object.entries(type.fields ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [{ path: at, detail: `${field.type}${field.optional ? '?' : ''}` }, ...typedPaths(field, at, depth + 1)];
  });
}
