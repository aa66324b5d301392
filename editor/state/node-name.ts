import { language, t } from '../i18n/index.ts';
import { titleOf } from '../model/title.ts';
import type { Catalog } from './catalog.svelte.ts';
import type { Session } from './session.svelte.ts';

/** What a node of a flow is called, also one that the flow has no more; its id where nothing is known of it. */
export function nodeName(catalog: Catalog, session: Session, id: string): string {
  const there = session.flow.nodes[id] ?? session.live?.flow.nodes[id];
  const node = there ?? session.removed.find(id);
  if (!node) return id;
  const title = titleOf(id, node, catalog.node(node.type)?.title[language.current]);
  return there ? title : t('shared.removed-node', { node: title });
}
