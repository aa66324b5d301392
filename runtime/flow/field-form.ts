import { byCodePoint } from './canonical.ts';
import type { FieldForm, Flow, Json } from './flow.ts';
import { isRecord } from './own.ts';

/** Forms whose value is a text; `$literal` holds any JSON. */
const TEXT_FORMS = ['$expr', '$template', '$env', '$secret', '$context'] as const;
export type TextForm = (typeof TEXT_FORMS)[number];

/** Which form a field's value has. An object that tries to be a form and is none counts as a literal; see `isMalformedForm`. */
export function formOf(value: unknown): FieldForm {
  const key = onlyKey(value);
  if (key === '$literal') return key;
  const form = TEXT_FORMS.find((each) => each === key);
  return form && typeof (value as { readonly [key: string]: unknown })[form] === 'string' ? form : 'literal';
}

/** The text of a `$` form, for example the name in `{ "$env": "REGION" }`. */
export function formText(value: unknown): string | undefined {
  const form = formOf(value);
  return form === 'literal' || form === '$literal' ? undefined : (value as { readonly [key: string]: string })[form];
}

/** A literal without its `$literal` wrapper. */
export const literalOf = (value: unknown): unknown => (formOf(value) === '$literal' ? (value as { readonly $literal: Json }).$literal : value);

/** An object that has a key beginning with `$` and is neither one whole form nor wrapped in `$literal`. */
export const isMalformedForm = (value: unknown): boolean => isRecord(value) && formOf(value) === 'literal' && Object.keys(value).some((key) => key.startsWith('$'));

/** Wraps a literal where it would be taken for a form. */
export const asLiteral = (value: Json): Json | { readonly $literal: Json } => (isRecord(value) && Object.keys(value).some((key) => key.startsWith('$')) ? { $literal: value } : value);

function onlyKey(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === 1 ? keys[0] : undefined;
}

export interface Reference { readonly form: TextForm; readonly text: string; /** Dotted path inside the config. */ readonly path: string }

/** Every `$` form inside a config, nested ones too. */
export function referencesIn(config: unknown, path = ''): Reference[] {
  const form = formOf(config);
  if (form === '$literal') return [];
  if (form !== 'literal') return [{ form, text: formText(config) ?? '', path }];
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => referencesIn(value, path === '' ? key : `${path}.${key}`));
}

export interface FlowReferences { readonly env: readonly string[]; readonly secrets: readonly string[]; readonly connections: readonly string[] }

/** What a flow needs from its project, each list sorted. */
export function referencesOf(flow: Pick<Flow, 'nodes' | 'uses'>): FlowReferences {
  const found = Object.values(flow.nodes).flatMap((node) => referencesIn(node.config));
  const names = (form: TextForm): string[] => [...new Set(found.filter((each) => each.form === form).map((each) => each.text))].sort(byCodePoint);
  return { env: names('$env'), secrets: names('$secret'), connections: Object.keys(flow.uses ?? {}).sort(byCodePoint) };
}
