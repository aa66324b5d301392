import type { ConnectionAnswer } from '../../runtime/api/contract.ts';
import type { FieldValue } from '../../runtime/flow/flow.ts';

/** A connection as its form holds it before it is saved. */
export interface ConnectionDraft { readonly name: string; readonly type: string; readonly config: { readonly [field: string]: FieldValue } }

/** What the form begins with: the stored connection, else an empty one of the asked-for type or of the first that is installed. */
export function draftOf(request: { readonly type?: string; readonly name?: string }, known: ConnectionAnswer | undefined, types: readonly string[]): ConnectionDraft {
  if (known) return { name: known.name, type: known.document.type, config: known.document.config };
  return { name: request.name ?? '', type: request.type ?? types[0] ?? '', config: {} };
}

const NAME = /^[a-z][a-z0-9-]*$/;

/** Why a new connection cannot have this name. */
export function nameProblem(name: string, taken: readonly string[]): 'form' | 'taken' | undefined {
  if (!NAME.test(name)) return 'form';
  return taken.includes(name) ? 'taken' : undefined;
}
