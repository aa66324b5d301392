import type { DriverHost } from '../../runtime/driver/host.ts';

/** What a person does with what waits for one: held keys and dead letters. */
export interface Letters {
  heldKeys(flow: string): Promise<readonly { readonly node: string; readonly key: string }[]>;
  freeKey(flow: string, request: { readonly node: string; readonly key: string; readonly action: 'release' | 'skip' | 'resend' }): Promise<void>;
  list(query: { readonly limit: number }): Promise<{ readonly deadLetters: readonly { readonly id: string }[] }>;
  resend(request: { readonly ids: readonly string[]; readonly to: 'node' }): Promise<unknown>;
}

/** Nothing where the host holds no keys. */
export const lettersOf = (host: DriverHost): Letters | undefined => (host as { readonly letters?: Letters }).letters;
