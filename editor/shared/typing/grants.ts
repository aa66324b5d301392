import ts from 'typescript';
import type { NodeCode } from './protocol.ts';

/** A name of the sandbox that is there only while a field of the node's settings has one of some values. */
export interface Grant { readonly field: string; readonly values: readonly string[] }

const FORM = /^(?<field>[\w-]+): (?<values>.+)$/;

/** The `@grant` of a declaration in guest.d.ts. */
export function grantOf(symbol: ts.Symbol | undefined): Grant | undefined {
  const tag = symbol?.getJsDocTags().find(({ name }) => name === 'grant');
  const found = FORM.exec(ts.displayPartsToString(tag?.text).trim())?.groups;
  return found && { field: found['field'] ?? '', values: (found['values'] ?? '').split(/,\s*/) };
}

/** The setting as the tag writes it: `true` for a switch. */
export const isGranted = (grant: Grant, node: NodeCode): boolean => isReachable(grant, node) && grant.values.includes(String(node.settings[grant.field]));

/** Code without a message calls nobody, whatever is granted. */
export const isReachable = ({ field }: Grant, { message }: NodeCode): boolean => message !== undefined || field === 'context';
