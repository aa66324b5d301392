import { childrenOf, joinPath, kindOf, sizeOf } from './value.ts';
import type { ValueKind } from './value.ts';

export type Mark = 'added' | 'changed' | 'removed';

/** One visible line of a value tree. */
export type TreeRow =
  | {
    readonly kind: 'value'; readonly path: string; readonly key: string; readonly depth: number; readonly value: unknown;
    readonly type: ValueKind; readonly branch: boolean; readonly open: boolean; readonly size: number; readonly mark: Mark | undefined;
  }
  /** Children that are not shown yet. */
  | { readonly kind: 'more'; readonly path: string; readonly depth: number; readonly hidden: number };

export interface TreeState {
  /** Paths that the person opened or closed; others follow `openDepth`. */
  readonly toggled: ReadonlyMap<string, boolean>;
  /** Children shown by path where it is more than a page. */
  readonly shown: ReadonlyMap<string, number>;
  readonly openDepth: number;
  readonly marks?: ReadonlyMap<string, Mark> | undefined;
}

/** Children of one value shown at first and with each "more": a list of a million must not freeze the page. */
export const CHILDREN_PAGE = 100;

/** The lines of a value, as far as it is open. A root that is a record or list shows its children only. */
export function treeRows(root: unknown, state: TreeState, rootPath = ''): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const walk = (value: unknown, path: string, depth: number): void => {
    const children = childrenOf(value);
    const limit = state.shown.get(path) ?? CHILDREN_PAGE;
    for (const [key, child] of children.slice(0, limit)) line(child, String(key), joinPath(path, key), depth);
    if (children.length > limit) rows.push({ kind: 'more', path, depth, hidden: children.length - limit });
  };
  const line = (value: unknown, key: string, path: string, depth: number): void => {
    const size = sizeOf(value);
    const branch = size > 0;
    const open = branch && (state.toggled.get(path) ?? depth < state.openDepth);
    rows.push({ kind: 'value', path, key, depth, value, type: kindOf(value), branch, open, size, mark: state.marks?.get(path) });
    if (open) walk(value, path, depth + 1);
  };
  if (sizeOf(root) > 0) walk(root, rootPath, 0);
  else line(root, rootPath, rootPath, 0);
  return rows;
}

/** Values looked at by one comparison: marks are a help for the eye, not worth a frozen page. */
const COMPARED_MAX = 5_000;

/** What `after` has that `before` had not, or had otherwise. Marks stand at the outermost place that differs as a whole. */
export function marksOf(before: unknown, after: unknown): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>();
  let left = COMPARED_MAX;
  const compare = (a: unknown, b: unknown, path: string): void => {
    if (left-- <= 0 || Object.is(a, b)) return;
    const kind = kindOf(b);
    if (kindOf(a) !== kind || (kind !== 'record' && kind !== 'list')) {
      if (JSON.stringify(a) !== JSON.stringify(b)) marks.set(path, 'changed');
      return;
    }
    const old = new Map(childrenOf(a));
    for (const [key, child] of childrenOf(b)) {
      const at = joinPath(path, key);
      if (old.has(key)) compare(old.get(key), child, at);
      else marks.set(at, 'added');
    }
  };
  compare(before, after, '');
  return marks;
}

/** Places of a body for completion: `payload`, `payload.phone`, … no deeper than three. */
export function pathsOf(body: unknown, countMax = 200): readonly string[] {
  const paths: string[] = [];
  const walk = (value: unknown, path: string, depth: number): void => {
    if (kindOf(value) !== 'record' || depth > 3) return;
    for (const [key, child] of childrenOf(value)) {
      if (paths.length >= countMax) return;
      const at = joinPath(path, key);
      paths.push(at);
      walk(child, at, depth + 1);
    }
  };
  walk(body, '', 0);
  return paths;
}
