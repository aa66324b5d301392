import { utf8Bytes, utf8Text } from './bytes.ts';
import { hostText } from './url-host.ts';

/** URL and URLSearchParams by the WHATWG standard's outcome for the addresses that integrations meet: http, https, ws, wss, ftp, file, and opaque ones. */

export interface UrlParts { scheme: string; username: string; password: string; host: string | null; port: string; path: string[] | string; query: string | null; fragment: string | null }

export function defaultPort(scheme: string): string | undefined {
  const ports: { [scheme: string]: string } = { http: '80', https: '443', ws: '80', wss: '443', ftp: '21', file: '' };
  return Object.hasOwn(ports, scheme) ? ports[scheme] : undefined;
}

/** Percent-encodes what the given set forbids; `%` stays, because an address comes encoded already. */
export function percentEncode(text: string, forbidden: RegExp): string {
  let encoded = '';
  for (const letter of text) {
    if (letter > '~' || letter < ' ' || forbidden.test(letter)) for (const byte of utf8Bytes(letter)) encoded += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
    else encoded += letter;
  }
  return encoded;
}

export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const source = utf8Bytes(text);
  const bytes: number[] = [];
  for (let at = 0; at < source.length; at++) {
    const pair = source[at] === 37 ? String.fromCharCode(source[at + 1] ?? 0, source[at + 2] ?? 0) : '';
    if (/^[0-9a-fA-F]{2}$/.test(pair)) {
      bytes.push(Number.parseInt(pair, 16));
      at += 2;
    } else bytes.push(source[at] ?? 0);
  }
  return utf8Text(Uint8Array.from(bytes), false) ?? '';
}

export function notAUrl(text: string): Error {
  const error = new TypeError(`Invalid URL: ${text.slice(0, 200)}`);
  Reflect.defineProperty(error, 'code', { value: 'ERR_INVALID_URL' });
  return error;
}

export function parseUrl(given: string, base: UrlParts | null): UrlParts {
  // eslint-disable-next-line no-control-regex -- the standard trims and drops exactly these
  const text = given.replace(/^[\u0000- ]+|[\u0000- ]+$/g, '').replace(/[\t\n\r]/g, '');
  const hashAt = text.indexOf('#');
  const fragment = hashAt < 0 ? null : percentEncode(text.slice(hashAt + 1), /[ "<>`]/);
  const front = hashAt < 0 ? text : text.slice(0, hashAt);
  const schemeFound = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(front);
  const scheme = schemeFound?.[1]?.toLowerCase();
  if (scheme === undefined || (base && scheme === base.scheme && defaultPort(scheme) !== undefined && !/^[/\\]{2}/.test(front.slice(scheme.length + 1)))) {
    if (!base) throw notAUrl(given);
    return relativeUrl(scheme === undefined ? front : front.slice(scheme.length + 1), base, fragment, given);
  }
  const rest = front.slice(scheme.length + 1);
  const special = defaultPort(scheme) !== undefined;
  if (!special && !rest.startsWith('/')) {
    const [path, query] = cutQuery(rest, false);
    const encoded = percentEncode(path, /[^ -~]/);
    // The last blank of an opaque path would be trimmed away when the address is read again.
    return { scheme, username: '', password: '', host: null, port: '', path: query === null && fragment === null ? encoded : encoded.replace(/ $/, '%20'), query, fragment };
  }
  const slashed = special ? rest.replace(/^[/\\]*/, '//') : rest;
  if (scheme === 'file') return fileUrl(rest, fragment, given);
  if (!slashed.startsWith('//')) {
    const [path, query] = cutQuery(slashed, false);
    return { scheme, username: '', password: '', host: null, port: '', path: pathSegments(path, [], false), query, fragment };
  }
  return withAuthority(scheme, slashed.slice(2), fragment, given);
}

export function cutQuery(text: string, special: boolean): readonly [string, string | null] {
  const at = text.indexOf('?');
  return at < 0 ? [text, null] : [text.slice(0, at), percentEncode(text.slice(at + 1), special ? /[ "#<>']/ : /[ "#<>]/)];
}

export function fileUrl(rest: string, fragment: string | null, given: string): UrlParts {
  const [before, query] = cutQuery(rest.replace(/\\/g, '/'), true);
  const authority = /^\/\/([^/]*)(.*)$/.exec(before);
  const host = authority?.[1] ? hostText(authority[1], true) : '';
  if (host === null) throw notAUrl(given);
  return { scheme: 'file', username: '', password: '', host: host === 'localhost' ? '' : host, port: '', path: pathSegments(authority ? (authority[2] ?? '') : before, [], true), query, fragment };
}

export function withAuthority(scheme: string, text: string, fragment: string | null, given: string): UrlParts {
  const special = defaultPort(scheme) !== undefined;
  const end = text.search(special ? /[/\\?]/ : /[/?]/);
  const authority = end < 0 ? text : text.slice(0, end);
  const [path, query] = cutQuery(end < 0 ? '' : text.slice(end), special);
  const at = authority.lastIndexOf('@');
  const [username = '', ...password] = at < 0 ? [] : authority.slice(0, at).split(':');
  const found = /^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/.exec(authority.slice(at + 1));
  const host = found ? hostText(found[1] ?? '', special) : null;
  const port = found?.[2] ? String(Number(found[2])) : '';
  if (host === null || (host === '' && (special || at >= 0 || found?.[2] !== undefined)) || Number(port) > 65535) throw notAUrl(given);
  const userinfo = /[ "#<>?`{}/:;=@[\\\]^|]/;
  return {
    scheme, username: percentEncode(username, userinfo), password: percentEncode(password.join(':'), userinfo), host,
    port: port === defaultPort(scheme) ? '' : port, path: pathSegments(path, [], special), query, fragment,
  };
}

export function relativeUrl(text: string, base: UrlParts, fragment: string | null, given: string): UrlParts {
  if (typeof base.path === 'string') {
    if (text === '' && fragment !== null) return { ...base, fragment };
    throw notAUrl(given);
  }
  const special = defaultPort(base.scheme) !== undefined;
  const normal = special ? text.replace(/^[^?]*/, (front) => front.replace(/\\/g, '/')) : text;
  if (normal.startsWith('//')) return base.scheme === 'file' ? fileUrl(normal, fragment, given) : withAuthority(base.scheme, normal.replace(special ? /^\/+/ : /^\/\//, ''), fragment, given);
  const [path, query] = cutQuery(normal, special);
  if (path === '') return { ...base, query: text === '' || query === null ? base.query : query, fragment };
  return { ...base, path: pathSegments(path, path.startsWith('/') ? [] : base.path.slice(0, -1), special), query, fragment };
}

export function pathSegments(text: string, before: readonly string[], special: boolean): string[] {
  const segments = [...before];
  const parts = (special ? text.replace(/\\/g, '/') : text).replace(/^\//, '').split('/');
  if (text === '' && !special) return segments;
  parts.forEach((part, index) => {
    const last = index === parts.length - 1;
    const dots = part.replace(/%2e/gi, '.');
    if (dots === '..') {
      segments.pop();
      if (last) segments.push('');
    } else if (dots === '.') {
      if (last) segments.push('');
    } else segments.push(percentEncode(part, /[ "#<>?^`{}]/));
  });
  return segments;
}

export function pathText(parts: UrlParts): string {
  return typeof parts.path === 'string' ? parts.path : parts.path.map((segment) => `/${segment}`).join('');
}

export function urlText(parts: UrlParts): string {
  const credentials = parts.username === '' && parts.password === '' ? '' : `${parts.username}${parts.password === '' ? '' : `:${parts.password}`}@`;
  const authority = parts.host === null ? '' : `//${credentials}${parts.host}${parts.port === '' ? '' : `:${parts.port}`}`;
  // A path that begins with two slashes and no host would be read as a host.
  const guard = parts.host === null && Array.isArray(parts.path) && parts.path.length > 1 && parts.path[0] === '' ? '/.' : '';
  return `${parts.scheme}:${authority}${guard}${pathText(parts)}${parts.query === null ? '' : `?${parts.query}`}${parts.fragment === null ? '' : `#${parts.fragment}`}`;
}
