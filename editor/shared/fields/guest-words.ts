import type { CodeWord } from '../code/complete.ts';

const GLOBALS: readonly CodeWord[] = [
  ...['id', 'name'].map((path) => ({ path: `node.${path}` })),
  ...['log', 'warn', 'error', 'status', 'send', 'done'].map((path) => ({ path: `node.${path}`, detail: '()' })),
  { path: 'env.get', detail: "('NAME')" },
  ...['msg', 'msg.payload', 'msg.topic'].map((path) => ({ path })),
];

/** Names that user code sees: the message and its fields, `node`, `env`. */
export const guestWords = (paths: readonly CodeWord[], env: readonly string[]): readonly CodeWord[] => [
  ...GLOBALS,
  ...paths.map(({ path, detail }) => ({ path: `msg.${path}`, ...(detail !== undefined && { detail }) })),
  ...env.map((name) => ({ path: `env.${name}` })),
];
