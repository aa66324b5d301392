import { compilePath, NodeFailure, type Body } from '../../runtime/sdk/index.ts';

const KEY_CHARS_MAX = 500;

/** The value at a path as the name of a window; one for all without a path. */
export function keyAt(body: Body, path: string | undefined, node: string): string {
  if (path === undefined || path === '') return '';
  const value = compilePath(path).get(body);
  if (value === undefined || value === null) {
    throw new NodeFailure('window.no-key', {
      en: `looking for ${path} at node ${node}: the message has nothing there to tell messages apart by`,
      ru: `поиск ${path} в узле ${node}: в сообщении нет значения, по которому различать сообщения`,
    });
  }
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
  return text.slice(0, KEY_CHARS_MAX);
}
