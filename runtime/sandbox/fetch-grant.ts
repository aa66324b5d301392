import { limits } from '../limits.ts';
import type { SandboxGrant } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';

/** Which servers a node's code may call. */

interface Pattern { readonly scheme: string | undefined; readonly host: string; readonly wild: boolean; readonly port: string | undefined }

export class Grant {
  readonly readsOnly: boolean;
  readonly #patterns: readonly Pattern[];

  /** Throws a `NodeFailure` `function.fetch-grant` for what names no host. */
  constructor({ hosts, methods }: SandboxGrant) {
    this.readsOnly = methods === 'read';
    if (hosts.length === 0) throw notAGrant({ en: 'no host is named: name those that the code may call, such as api.example.com', ru: 'не указан ни один сервер: укажите те, к которым может обращаться код, например api.example.com' });
    if (hosts.length > limits.sandboxFetchHostsMax) throw notAGrant({ en: `more than ${limits.sandboxFetchHostsMax} hosts are named`, ru: `указано больше ${limits.sandboxFetchHostsMax} серверов` });
    this.#patterns = hosts.map(patternOf);
  }

  allows(url: URL): boolean {
    const port = url.port === '' ? defaultPort(url.protocol) : url.port;
    return this.#patterns.some((each) => (
      (each.scheme === undefined || each.scheme === url.protocol) && port === (each.port ?? defaultPort(url.protocol)) && (each.wild ? url.hostname.endsWith(`.${each.host}`) : url.hostname === each.host)
    ));
  }
}

const defaultPort = (scheme: string): string => (scheme === 'http:' ? '80' : '443');
const FORM = /^(?:(https?:)\/\/)?(\*\.)?([^\s/*:?#@[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;

/** `api.example.com`, `*.example.com`, `https://api.example.com:8443`. Without a port the usual one of each scheme. */
function patternOf(text: string): Pattern {
  const [, scheme, wild, given = '', port] = FORM.exec(text.trim()) ?? [];
  const host = URL.canParse(`http://${given}/`) ? new URL(`http://${given}/`).hostname : '';
  // All of .com, or a part of an address, is nobody's.
  const tooWide = wild !== undefined && (!host.includes('.') || /^\[|\.\d+$/.test(host));
  if (host === '' || tooWide || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw notAGrant({
      en: `"${text.slice(0, 100)}" names no host: write it as api.example.com, *.example.com or https://api.example.com:8443`,
      ru: `«${text.slice(0, 100)}» — не имя сервера: пишите api.example.com, *.example.com или https://api.example.com:8443`,
    });
  }
  return { scheme: scheme?.toLowerCase(), host, wild: wild !== undefined, port: port === undefined ? undefined : String(Number(port)) };
}

const notAGrant = (why: { readonly en: string; readonly ru: string }): NodeFailure => new NodeFailure('function.fetch-grant', why, { details: { field: 'hosts' } });
