import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { barredBy, type Barred, type NetworkPolicy } from './network.ts';

/** Finds all addresses of a name, as `dns.lookup` with `all` does. */
export type Resolve = (name: string, options: LookupOptions & { readonly all: true }, found: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void) => void;

export interface Gate { readonly policy: NetworkPolicy; readonly publicOnly: boolean; readonly resolve: Resolve | undefined }

/** Connecting was refused here; nobody was called. */
export class AddressBarred extends Error {
  readonly code = 'ERR_ADDRESS_BARRED';
  readonly address: string;
  readonly barred: Barred;
  constructor(address: string, barred: Barred) {
    super(`${address} may not be called`);
    this.address = address;
    this.barred = barred;
  }
}

/**
 * Connects only to addresses that may be called. A name is looked up once: what it resolves to is judged and then connected to, so that a name
 * which answers differently a moment later changes nothing.
 */
export function guarded(connect: (options: buildConnector.BuildOptions) => buildConnector.connector, options: { readonly timeout: number }, gate: Gate): buildConnector.connector {
  const open = connect({ ...options, lookup: lookupOf(gate) });
  return (to, done) => {
    // A literal address is never looked up.
    const barred = isIP(to.hostname) === 0 ? undefined : barredBy(gate.policy, to.hostname, gate.publicOnly);
    if (barred) done(new AddressBarred(to.hostname, barred), null);
    else open(to, done);
  };
}

function lookupOf({ policy, publicOnly, resolve = systemLookup }: Gate): LookupFunction {
  return (name, options, found) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error) { found(error, []); return; }
      const judged = addresses.map(({ address }) => barredBy(policy, address, publicOnly));
      const open = addresses.filter((_, at) => judged[at] === undefined);
      const [first] = open;
      if (!first) found(new AddressBarred(addresses[0]?.address ?? name, judged[0] ?? 'private'), []);
      else if (options.all) found(null, open);
      else found(null, first.address, first.family);
    });
  };
}
