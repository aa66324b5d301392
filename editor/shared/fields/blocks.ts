import type { FieldKind } from '../../../runtime/flow/node-info.ts';

const BLOCKS: ReadonlySet<FieldKind> = new Set(['list', 'record', 'map', 'code', 'json', 'nodes']);

/** Kinds whose control has frames of its own inside. */
export const isBlock = (kind: FieldKind): boolean => BLOCKS.has(kind);
