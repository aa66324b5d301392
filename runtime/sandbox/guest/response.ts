import { utf8Bytes, utf8Text } from './bytes.ts';
import { GuestHeaders } from './headers.ts';
import { GuestSearchParams } from './url-classes.ts';

/** What a body holds: its text, or its bytes, of which the text may be known too. */
export class GuestContent {
  readonly text: string | undefined;
  readonly bytes: Uint8Array | undefined;
  constructor(text: string | undefined, bytes?: Uint8Array) {
    this.text = text;
    this.bytes = bytes;
  }
}

/** An answer as the Fetch standard has it. Its body is there whole; it can be read once. */
export class GuestResponse {
  readonly #content: GuestContent;
  readonly #from: { readonly status: number; readonly url: string; readonly redirected: boolean };
  readonly #statusText: string;
  readonly #headers: GuestHeaders;
  #used = false;
  /** `from`: who answered, and with which status, when it was a server. */
  constructor(body?: unknown, init: unknown = {}, from?: { readonly status: number; readonly url: string; readonly redirected: boolean }) {
    const { status = 200, statusText = '', headers } = (init ?? {}) as { status?: unknown; statusText?: unknown; headers?: unknown };
    this.#content = contentOf(body);
    this.#headers = new GuestHeaders(headers);
    this.#statusText = String(statusText);
    this.#from = from ?? { status: ownStatus(status), url: '', redirected: false };
  }
  get status(): number { return this.#from.status; }
  get ok(): boolean { return this.status >= 200 && this.status < 300; }
  get statusText(): string { return this.#statusText; }
  get url(): string { return this.#from.url; }
  get redirected(): boolean { return this.#from.redirected; }
  get type(): string { return 'default'; }
  get headers(): GuestHeaders { return this.#headers; }
  get bodyUsed(): boolean { return this.#used; }
  #take(): GuestContent {
    if (this.#used) throw new TypeError('the body of this Response was read already; clone() it before, or keep what was read');
    this.#used = true;
    return this.#content;
  }
  async text(): Promise<string> {
    const { text, bytes } = this.#take();
    const read = text ?? utf8Text(bytes ?? new Uint8Array(), false) ?? '';
    return read.charCodeAt(0) === 0xfeff ? read.slice(1) : read;
  }
  async json(): Promise<unknown> {
    const text = await this.text();
    return JSON.parse(text);
  }
  async bytes(): Promise<Uint8Array> {
    const { text, bytes } = this.#take();
    return bytes?.slice() ?? utf8Bytes(text ?? '');
  }
  async arrayBuffer(): Promise<ArrayBuffer> { return (await this.bytes()).buffer as ArrayBuffer; }
  clone(): GuestResponse {
    if (this.#used) throw new TypeError('the body of this Response was read already: it cannot be cloned any more');
    return new GuestResponse(this.#content, { statusText: this.#statusText, headers: this.#headers }, this.#from);
  }
}

export function ownStatus(given: unknown): number {
  const status = Number(given);
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`Response: ${String(given).slice(0, 20)} is no status from 200 to 599`);
  return status;
}

/** Text, bytes or a form. Anything else is most often a mistake: an object would be sent as `[object Object]`. */
export function contentOf(body: unknown): GuestContent {
  if (body instanceof GuestContent) return body;
  if (body === undefined || body === null) return new GuestContent('');
  if (typeof body === 'string' || body instanceof GuestSearchParams) return new GuestContent(String(body).toWellFormed());
  if (body instanceof ArrayBuffer) return new GuestContent(undefined, new Uint8Array(body.slice(0)));
  if (ArrayBuffer.isView(body)) return new GuestContent(undefined, Uint8Array.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)));
  if (typeof body !== 'object') return new GuestContent(String(body));
  throw new TypeError('a body is text, bytes or URLSearchParams; write an object with JSON.stringify');
}
