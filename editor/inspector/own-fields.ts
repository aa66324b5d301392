import type { FieldValue, Text } from '../../runtime/flow/flow.ts';
import type { FieldInfo } from '../../runtime/flow/node-info.ts';
import { t } from '../i18n/index.ts';
import type { PlainKey } from '../i18n/index.ts';
import type { FieldHost } from '../shared/fields/field-host.ts';

/** Fields of the document itself, drawn with the same controls as those of a node's config. */

const both = (text: string): Text => ({ en: text, ru: text });

/** A field described by the editor's own messages. Call it while drawing, so that it follows the language. */
export const ownField = (kind: FieldInfo['kind'], title: PlainKey, rest: { readonly help?: PlainKey; readonly placeholder?: string; readonly choices?: readonly (readonly [value: string, title: PlainKey])[]; readonly default?: FieldInfo['default'] } = {}): FieldInfo => ({
  kind, title: both(t(title)),
  ...(rest.help && { help: both(t(rest.help)) }),
  ...(rest.placeholder !== undefined && { placeholder: rest.placeholder }),
  ...(rest.default !== undefined && { default: rest.default }),
  ...(rest.choices && { choices: rest.choices.map(([value, key]) => ({ value, title: both(t(key)) })) }),
});

/** These fields hold fixed values only and need nothing of the project. */
export const plainHost: FieldHost = {
  env: [], secrets: [], nodes: [], links: [], words: [], strict: true,
  saveSecret: () => Promise.resolve(),
  connections: () => [],
};

export const numberOf = (value: FieldValue | undefined): number | undefined => (typeof value === 'number' ? value : undefined);
export const textOf = (value: FieldValue | undefined): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
