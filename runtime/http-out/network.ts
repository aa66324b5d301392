import { BlockList, isIP, isIPv6 } from 'node:net';
import { Failure } from '../errors.ts';

/**
 * Which addresses may be called. It judges addresses, never names: a name is judged by what it resolves to, at the moment of connecting
 * (`connector.ts`), so that no second look can give another answer.
 */

/** What the installation says. */
export interface NetworkPolicy {
  /** Networks that everybody may call, whatever they are. */
  readonly allowed: BlockList;
  /** Whether nodes may call private addresses. What asks for the public internet only may never. */
  readonly nodesReachPrivate: boolean;
}

/** `guarded`: metadata services and link-local addresses, which give the credentials of a machine to whoever asks from it. `private`: all else that is not the public internet. */
export type Barred = 'guarded' | 'private';

const GUARDED = blockList([
  '169.254.0.0/16', 'fe80::/10', // link-local; metadata of most clouds
  '100.100.100.200', // Alibaba
  '168.63.129.16', // Azure's host
  '192.0.0.192', // Oracle, of old
  'fd00:ec2::254', 'fd00:ec2::23', // Amazon
  'fd20:ce::254', // Google
  'fd00:42::42', // Scaleway
]);

/** IANA's registers of special addresses: none of them is a server on the public internet. */
const NOT_PUBLIC = blockList([
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24',
  '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
  '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20',
]);
/** All that is handed out of IPv6. */
const PUBLIC_IPV6 = blockList(['2000::/3']);
/** An IPv4 address in the last four bytes: IPv4-mapped, and NAT64, which a gateway translates. */
const HOLD_IPV4 = blockList(['::ffff:0:0/96', '64:ff9b::/96']);

export const OPEN_TO_NODES: NetworkPolicy = { allowed: new BlockList(), nodesReachPrivate: true };

/** Why an address may not be called; undefined when it may. What is no address never may. */
export function barredBy({ allowed, nodesReachPrivate }: NetworkPolicy, address: string, publicOnly: boolean): Barred | undefined {
  const bare = address.replace(/%.*$/s, '');
  const meant = ipv4Inside(bare);
  if (isIP(meant) === 0) return 'private';
  if (isIn(allowed, bare) || isIn(allowed, meant)) return undefined;
  if (isIn(GUARDED, bare) || isIn(GUARDED, meant)) return 'guarded';
  if (nodesReachPrivate && !publicOnly) return undefined;
  return isIn(NOT_PUBLIC, meant) || (isIPv6(meant) && !isIn(PUBLIC_IPV6, meant)) ? 'private' : undefined;
}

const isIn = (list: BlockList, address: string): boolean => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

function ipv4Inside(address: string): string {
  if (!isIPv6(address) || !isIn(HOLD_IPV4, address)) return address;
  // The URL's own form has no dots.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const tail = (right ?? left).split(':').filter((group) => group !== '').slice(-2).map((group) => parseInt(group, 16));
  const [high, low] = [0, 0, ...tail].slice(-2) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** `MILLRACE_ALLOWED_NETWORKS` and `MILLRACE_PRIVATE_NETWORKS`. Throws a `Failure` `network.setting-invalid`. */
export function networkPolicy(environment: { readonly [name: string]: string | undefined }): NetworkPolicy {
  const reach = environment.MILLRACE_PRIVATE_NETWORKS?.trim() ?? '';
  if (!['', 'allowed', 'forbidden'].includes(reach)) throw notASetting('MILLRACE_PRIVATE_NETWORKS', reach, { en: 'it is neither allowed nor forbidden', ru: 'это не allowed и не forbidden' });
  const networks = (environment.MILLRACE_ALLOWED_NETWORKS ?? '').split(/[\s,]+/).filter((each) => each !== '');
  for (const each of networks) {
    if (!isNetwork(each)) throw notASetting('MILLRACE_ALLOWED_NETWORKS', each, { en: 'it is neither an address nor a network such as 10.1.0.0/16 or fd00:1::/32', ru: 'это не адрес и не сеть вида 10.1.0.0/16 или fd00:1::/32' });
  }
  return { allowed: blockList(networks), nodesReachPrivate: reach !== 'forbidden' };
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  return family !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const each of networks) {
    const [address = '', bits] = each.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function notASetting(name: string, given: string, why: { readonly en: string; readonly ru: string }): Failure {
  return new Failure('network.setting-invalid', { en: `reading ${name}: "${given.slice(0, 100)}": ${why.en}`, ru: `чтение ${name}: «${given.slice(0, 100)}»: ${why.ru}` });
}
