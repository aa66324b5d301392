/** Names of what calls depend upon: a connection of the project by its own name, a host that is called by its address, a link-in node. */

const HOST = 'host:';
const LINK = 'link:';

export function hostResource(url: string): string {
  try { return `${HOST}${new URL(url).host}`; } catch { return HOST; }
}

export const linkResource = (link: string): string => `${LINK}${link}`;

/** It has no probe of its own: whether it is there again shows the first message that is let through. */
export const hasNoProbe = (resource: string): boolean => resource.startsWith(HOST) || resource.startsWith(LINK);

/** `flow/node`, also of a link within its flow that names the node only. */
export const wholeLink = (link: string, flow: string): string => (link.includes('/') ? link : `${flow}/${link}`);
