import type { FieldInfo, FieldKind } from '../../../runtime/flow/node-info.ts';

const BLOCKS: ReadonlySet<FieldKind> = new Set(['list', 'record', 'map', 'code', 'json', 'nodes']);

/** Kinds whose control has frames of its own inside. */
export const isBlock = (kind: FieldKind): boolean => BLOCKS.has(kind);

/** Items that are short fixed values stand side by side as chips. */
export const isChip = (item: FieldInfo): boolean => item.kind === 'choice' || item.kind === 'path' || (item.kind === 'text' && (item.dynamic ?? []).length === 0);
