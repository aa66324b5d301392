import type { Body, Secret } from '../../runtime/sdk/index.ts';

/** What an HTTP request carries: its address, its content and who sends it. */

export function addressWithQuery(address: string, query: { readonly [name: string]: unknown }): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  if (pairs.length === 0 || !URL.canParse(address)) return address;
  const url = new URL(address);
  for (const [name, value] of pairs) for (const each of Array.isArray(value) ? value as unknown[] : [value]) url.searchParams.append(name, textOf(each));
  return url.href;
}

interface ContentConfig { readonly method: string; readonly body: 'json' | 'form' | 'text' | 'none'; readonly content: unknown }

/** Body and its type; neither where the method or the config has none. */
export function contentOf(message: Body, config: ContentConfig): { readonly body?: string | Uint8Array; readonly type?: string } {
  if (config.method === 'GET' || config.method === 'HEAD' || config.body === 'none') return {};
  const value = config.content === undefined ? message.payload : config.content;
  if (value === undefined) return {};
  if (config.body === 'json') return { body: JSON.stringify(value), type: 'application/json' };
  if (config.body === 'form') return { body: new URLSearchParams(pairsOf(value)).toString(), type: 'application/x-www-form-urlencoded' };
  if (value instanceof Uint8Array) return { body: value, type: 'application/octet-stream' };
  return { body: textOf(value), type: 'text/plain; charset=utf-8' };
}

function pairsOf(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [['value', textOf(value)]];
  return Object.entries(value).flatMap(([name, each]: [string, unknown]) => (Array.isArray(each) ? each as unknown[] : [each]).map((one): [string, string] => [name, textOf(one)]));
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

interface SignIn { readonly auth: 'none' | 'bearer' | 'basic' | 'header'; readonly user: string | undefined; readonly secret: Secret | undefined; readonly tokenHeader: string }

export function signIn({ auth, user, secret, tokenHeader }: SignIn): { readonly [header: string]: string } {
  const token = secret?.reveal() ?? '';
  switch (auth) {
    case 'none': return {};
    case 'bearer': return { authorization: `Bearer ${token}` };
    case 'basic': return { authorization: `Basic ${Buffer.from(`${user ?? ''}:${token}`).toString('base64')}` };
    case 'header': return { [tokenHeader.toLowerCase()]: token };
  }
}
