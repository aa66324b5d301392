import type { Flow } from '../../runtime/api/contract.ts';

/** What a tab has not saved yet, so that a reload of the tab does not lose it. Each tab has its own. */

export interface Unsaved { readonly flow: Flow; readonly version: number }

const keyOf = (flow: string): string => `millrace.unsaved.${flow}`;

export function keepUnsaved(flow: string, unsaved: Unsaved | undefined): void {
  try {
    if (unsaved) sessionStorage.setItem(keyOf(flow), JSON.stringify(unsaved));
    else sessionStorage.removeItem(keyOf(flow));
  } catch {
    // A full or forbidden storage only costs the safety net; the draft itself is in memory and on its way.
  }
}

export function unsavedOf(flow: string): Unsaved | undefined {
  try {
    const text = sessionStorage.getItem(keyOf(flow));
    return text === null ? undefined : (JSON.parse(text) as Unsaved);
  } catch {
    return undefined;
  }
}
