import { asLiteral, formOf, formText, literalOf } from '../../../runtime/flow/field-form.ts';
import type { FieldValue, Json } from '../../../runtime/flow/flow.ts';
import type { FieldInfo } from '../../../runtime/flow/node-info.ts';
import type { PlainKey } from '../../i18n/index.ts';

/** What a field holds, as the control at its left edge says it. A field of any value tells the kinds of literals apart. */
export type Holding = 'fixed' | 'text' | 'number' | 'boolean' | 'json' | '$expr' | '$template' | '$env' | '$secret' | '$context';

export const holdings: { readonly [H in Holding]: { readonly icon: string; readonly label: PlainKey } } = {
  fixed: { icon: 'message-square-text', label: 'shared.form-fixed' },
  text: { icon: 'message-square-text', label: 'shared.form-text' },
  number: { icon: 'hash', label: 'shared.form-number' },
  boolean: { icon: 'toggle-left', label: 'shared.form-boolean' },
  json: { icon: 'brackets', label: 'shared.form-json' },
  $expr: { icon: 'braces', label: 'shared.form-expr' },
  $template: { icon: 'square-pen', label: 'shared.form-template' },
  $env: { icon: 'dollar-sign', label: 'shared.form-env' },
  $secret: { icon: 'lock', label: 'shared.form-secret' },
  $context: { icon: 'text-align-justify', label: 'shared.form-context' },
};

/** Every form that this field may take, the first being what a new one has. */
export function holdingsOf(info: FieldInfo): readonly Holding[] {
  const dynamic = info.dynamic ?? [];
  if (info.kind === 'secret') return dynamic;
  return info.kind === 'any' ? ['text', 'number', 'boolean', 'json', ...dynamic] : ['fixed', ...dynamic];
}

export function holdingOf(info: FieldInfo, value: FieldValue | undefined): Holding {
  const form = formOf(value);
  if (form !== 'literal' && form !== '$literal') return form;
  if (info.kind === 'secret') return '$secret';
  if (info.kind !== 'any') return 'fixed';
  const literal = value === undefined ? info.default : literalOf(value);
  if (literal === undefined || typeof literal === 'string') return 'text';
  return typeof literal === 'number' || typeof literal === 'boolean' ? (typeof literal as 'number' | 'boolean') : 'json';
}

/** What the field holds right after its form was changed: as much of the old value as the new form can carry. */
export function convert(value: FieldValue | undefined, to: Holding): FieldValue | undefined {
  const text = formText(value);
  const literal = text === undefined ? (literalOf(value) as Json | undefined) : undefined;
  switch (to) {
    case 'fixed': return literal;
    case 'text': return literal === undefined ? text ?? '' : typeof literal === 'string' ? literal : JSON.stringify(literal);
    case 'number': return Number.isFinite(Number(literal)) ? Number(literal) : 0;
    case 'boolean': return literal === true || literal === 'true';
    case 'json': return literal === undefined ? {} : asLiteral(parsed(literal));
    case '$expr': return { $expr: text ?? (literal === undefined ? '' : JSON.stringify(literal)) };
    case '$template': return { $template: text ?? (typeof literal === 'string' ? literal : '') };
    case '$env': return { $env: '' };
    case '$secret': return { $secret: '' };
    case '$context': return { $context: '' };
  }
}

const parsed = (literal: Json): Json => {
  if (typeof literal !== 'string') return literal;
  try { return JSON.parse(literal) as Json; } catch { return literal; }
};

/** A literal as the words of a placeholder: what holds when nothing is set. */
export function defaultText(info: FieldInfo): string | undefined {
  if (info.default === undefined || info.default === null || info.default === '') return info.placeholder;
  return typeof info.default === 'string' ? info.default : JSON.stringify(info.default);
}
