import type { ConnectionAnswer } from '../../runtime/api/contract.ts';
import type { ConnectionDocument } from '../../runtime/flow/flow.ts';

/** A connection as its form holds it before it is saved; what the form does not show of the document stays in it. */
export interface ConnectionDraft extends ConnectionDocument { readonly name: string }

/** What the form begins with: the stored connection, else an empty one of the asked-for type or of the first that is installed. */
export function draftOf(request: { readonly type?: string; readonly name?: string }, known: ConnectionAnswer | undefined, types: readonly string[]): ConnectionDraft {
  if (known) return { ...known.document, name: known.name };
  return { name: request.name ?? '', type: request.type ?? types[0] ?? '', config: {} };
}

export function documentOf({ name: _, ...document }: ConnectionDraft): ConnectionDocument {
  return document;
}

/** With a limit of calls, or without one. */
export function withRate({ rate: _, ...rest }: ConnectionDraft, rate: string | undefined): ConnectionDraft {
  return { ...rest, ...(rate !== undefined && { rate }) };
}

const NAME = /^[a-z][a-z0-9-]*$/;

/** Why a new connection cannot have this name. */
export function nameProblem(name: string, taken: readonly string[]): 'form' | 'taken' | undefined {
  if (!NAME.test(name)) return 'form';
  return taken.includes(name) ? 'taken' : undefined;
}
