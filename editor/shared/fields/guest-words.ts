import { pick } from '../../i18n/index.ts';
import type { CodeWord } from '../code/complete.ts';
import { guestNames } from './guest-api.ts';

/** Names that user code sees: the message and its fields, and what the sandbox gives. An environment name is put into its call. */
export const guestWords = (paths: readonly CodeWord[], env: readonly string[]): readonly CodeWord[] => [
  ...paths.map((word) => ({ ...word, path: `msg.${word.path}` })),
  ...guestNames.filter(({ path }) => !paths.some((word) => path === `msg.${word.path}`)).map(({ path, detail, about }) => ({ path, about: pick(about), ...(detail !== undefined && { detail }) })),
  ...env.map((name) => ({ path: `env.${name}`, apply: `get(${JSON.stringify(name)})` })),
];
