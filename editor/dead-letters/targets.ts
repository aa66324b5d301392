import type { MenuItem } from '../shared/menu-item.ts';
import type { App } from '../state/app.svelte.ts';
import { nodeName } from '../state/node-name.ts';
import type { Session } from '../state/session.svelte.ts';

/** The live nodes that take messages, to choose where dead letters go; `except` has a button of its own. */
export function targetsOf(app: App, session: Session, { except, onSelect }: { readonly except?: string; readonly onSelect: (node: string) => void }): MenuItem[] {
  return Object.entries(session.live?.flow.nodes ?? {})
    .filter(([id, { type }]) => id !== except && Object.keys(app.catalog.node(type)?.inputs ?? {}).length > 0)
    .map(([id]) => ({ label: nodeName(app.catalog, session, id), icon: 'corner-down-right', onSelect: () => onSelect(id) }));
}
