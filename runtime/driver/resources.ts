/** Names of what calls depend upon: a connection of the project by its own name, a host that is called by its address, a link-in node. */

const HOST = 'host:';
const LINK = 'link:';

export function hostResource(url: string): string {
  try { return `${HOST}${new URL(url).host}`; } catch { return HOST; }
}

export const linkResource = (link: string): string => `${LINK}${link}`;

/** It has no probe of its own: whether it is there again shows the first message that is let through. */
export const hasNoProbe = (resource: string): boolean => resource.startsWith(HOST) || resource.startsWith(LINK);

/** `node` of the same flow, or `flow/node`. */
export function splitLink(to: string, flow: string): { readonly flow: string; readonly node: string } {
  const slash = to.indexOf('/');
  return slash < 0 ? { flow, node: to } : { flow: to.slice(0, slash), node: to.slice(slash + 1) };
}
