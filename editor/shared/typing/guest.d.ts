/**
 * What the code of a function node finds besides the language itself. It is read by the code editor only (completion, hover, marks), never compiled with
 * the project. `test/runtime/sandbox/guest-types.test.ts` compares it with the real sandbox, name by name: what is added there is declared here.
 * Documentation is English; `@ru` has it in Russian. `@grant field: value, value` says that the name is there only while that field of the node's
 * settings has one of the values.
 */

/** What may be sent: a message, a list with an entry for each output (a list again where several messages leave by one), or nothing. */
type Sent = object | null | undefined | void;
type Encoding = 'utf8' | 'utf-8' | 'hex' | 'base64' | 'base64url' | 'latin1' | 'binary' | 'ascii' | 'utf16le' | 'ucs2';
type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | (string & {});
type Bytes = string | ArrayBuffer | ArrayBufferView;

interface NodeApi {
  /** Id of this node. @ru Id этого узла. */
  readonly id: string;
  /** Name of this node. @ru Имя этого узла. */
  readonly name: string;
  /** How many outputs the node has. @ru Сколько у узла выходов. */
  readonly outputCount: number;
  /** Sends messages before the code has ended; a list has one entry for each output. @ru Отправляет сообщения до конца кода; в списке — по элементу на выход. */
  send(message: Sent): void;
  /** Ends the call, also while timers are waiting. With an error the message fails. @ru Завершает вызов, даже если таймеры ещё ждут. Если передана ошибка, сообщение завершается ею. */
  done(error?: unknown): void;
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  log(...parts: unknown[]): void;
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  debug(...parts: unknown[]): void;
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  trace(...parts: unknown[]): void;
  /** Writes a warning to the log. @ru Пишет предупреждение в журнал. */
  warn(...parts: unknown[]): void;
  /** Writes an error to the log; with `msg` the message fails. @ru Пишет ошибку в журнал; с `msg` сообщение завершается ошибкой. */
  error(error: unknown, message?: object | null): void;
  /** Shows a short text at the card. @ru Показывает короткий текст на карточке. */
  status(status: { fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey' | 'gray' | (string & {}); shape?: 'ring' | 'dot' | (string & {}); text?: unknown } | string): void;
  /** Calls a Link in node, `node` of this flow or `flow/node`, and gives the message that is returned. @ru Вызывает узел «Вход по ссылке», `узел` этого потока или `поток/узел`, и даёт возвращённое сообщение. @grant links: true */
  linkcall<T extends object = any>(link: string, message: object, options?: { timeout?: number }): Promise<T>;
  /** For code from Node-RED, and never called: what is to run when the node stops is its closing code. @ru Для кода из Node-RED; не вызывается: то, что нужно выполнить при остановке узла, — его код завершения. */
  on(event: string, listener: (...args: any[]) => void): void;
}

interface ContextApi {
  /** A copy of the value under a key or path; undefined when there is none. A list of keys gives a list. @ru Копия значения под ключом или путём; undefined, если его нет. Список ключей даёт список. */
  get(key: string | string[]): any;
  get(key: string | string[], store: string | undefined): any;
  get(key: string | string[], done: (error: any, ...values: any[]) => void): void;
  get(key: string | string[], store: string | undefined, done: (error: any, ...values: any[]) => void): void;
  /** Keeps a value, written together with what the code sends. undefined deletes. @ru Сохраняет значение вместе с тем, что код отправил. undefined удаляет. */
  set(key: string | string[], value: any, store?: string | ((error?: any) => void), done?: (error?: any) => void): void;
  /** Names of all values. @ru Имена всех значений. */
  keys(store?: string): string[];
  keys(done: (error: any, keys?: string[]) => void): void;
  keys(store: string | undefined, done: (error: any, keys?: string[]) => void): void;
  /** Keeps what `change` makes of the value, and gives it. @ru Сохраняет то, что `change` делает из значения, и возвращает это. */
  update<T = any>(key: string, change: (before: any) => T): T;
}

interface RedUtil {
  /** A copy that shares nothing with the message. @ru Копия, у которой нет ничего общего с сообщением. */
  cloneMessage<T>(message: T): T;
  /** An id of 16 characters, the same at each attempt. @ru Идентификатор из 16 символов, одинаковый при каждой попытке. */
  generateId(): string;
  /** The value as a text; bytes as UTF-8, objects as JSON. @ru Значение текстом; байты как UTF-8, объекты как JSON. */
  ensureString(value: unknown): string;
  /** The value as bytes. @ru Значение байтами. */
  ensureBuffer(value: unknown): Buffer;
  /** Whether two values are equal, in depth. @ru Равны ли два значения, вглубь. */
  compareObjects(one: unknown, two: unknown): boolean;
  /** The value at a path of the message. @ru Значение по пути в сообщении. */
  getMessageProperty(message: object, path: string): any;
  /** Sets the value at a path of the message; undefined deletes. @ru Задаёт значение по пути в сообщении; undefined удаляет. */
  setMessageProperty(message: object, path: string, value?: unknown, createMissing?: boolean): boolean;
  /** The value at a path of an object. @ru Значение по пути в объекте. */
  getObjectProperty(object: object, path: string): any;
  /** Sets the value at a path of an object; undefined deletes. @ru Задаёт значение по пути в объекте; undefined удаляет. */
  setObjectProperty(object: object, path: string, value?: unknown, createMissing?: boolean): boolean;
  /** A path as its keys, or as a text. @ru Путь как список ключей или как текст. */
  normalisePropertyExpression(path: string, message?: object, asText?: false): (string | number)[];
  normalisePropertyExpression(path: string, message: object | undefined, asText: true): string;
  /** Store and key of a text such as `#:(file)::count`. @ru Хранилище и ключ текста вида `#:(file)::count`. */
  parseContextStore(key: string): { store?: string; key: string };
}

/** The node itself: sending, logging, its state at the card. @ru Сам узел: отправка, журнал, состояние на карточке. */
declare const node: NodeApi;
/** What Node-RED offers to code, as far as it works on values. @ru То, что Node-RED даёт коду, в части работы со значениями. */
declare const RED: {
  /** Copies, paths and comparisons. @ru Копии, пути и сравнения. */
  readonly util: RedUtil;
};
/** The environment that the flow declares. @ru Окружение, объявленное потоком. */
declare const env: {
  /** A value of the environment; undefined when there is none. Also `NR_NODE_ID`, `NR_NODE_NAME`, `NR_FLOW_ID`. @ru Значение окружения; undefined, если его нет. Также `NR_NODE_ID`, `NR_NODE_NAME`, `NR_FLOW_ID`. */
  get<N extends keyof EnvValues>(name: N): EnvValues[N];
  get(name: string): any;
};
/** What this node keeps from message to message. @ru То, что этот узел хранит от сообщения к сообщению. @grant context: node, flow, global */
declare const context: ContextApi & {
  /** What the nodes of the flow keep together. @ru То, что узлы потока хранят вместе. @grant context: flow, global */
  readonly flow: ContextApi;
  /** What all flows keep together. @ru То, что все потоки хранят вместе. @grant context: global */
  readonly global: ContextApi;
};
/** What the nodes of the flow keep together. @ru То, что узлы потока хранят вместе. @grant context: flow, global */
declare const flow: ContextApi;
/** What all flows keep together. @ru То, что все потоки хранят вместе. @grant context: global */
declare const global: ContextApi;

/** Writes lines to the log. @ru Пишет строки в журнал. */
declare const console: {
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  log(...parts: unknown[]): void;
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  info(...parts: unknown[]): void;
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  debug(...parts: unknown[]): void;
  /** Writes a line to the log. @ru Пишет строку в журнал. */
  trace(...parts: unknown[]): void;
  /** Writes a warning to the log. @ru Пишет предупреждение в журнал. */
  warn(...parts: unknown[]): void;
  /** Writes an error to the log. @ru Пишет ошибку в журнал. */
  error(...parts: unknown[]): void;
};

/** Calls once after so many milliseconds. The call of the message lasts until then. @ru Вызывает один раз через столько миллисекунд. Вызов сообщения длится до этого. */
declare function setTimeout<A extends any[]>(call: (...args: A) => void, ms?: number, ...args: A): number;
/** Calls again and again until it is cleared or the call has ended. @ru Вызывает снова и снова до отмены или конца вызова. */
declare function setInterval<A extends any[]>(call: (...args: A) => void, ms?: number, ...args: A): number;
/** Calls as soon as the code has run. @ru Вызывает сразу после выполнения кода. */
declare function setImmediate<A extends any[]>(call: (...args: A) => void, ...args: A): number;
/** Drops a timer. @ru Отменяет таймер. */
declare function clearTimeout(id: number | undefined): void;
/** Drops an interval. @ru Отменяет повторение. */
declare function clearInterval(id: number | undefined): void;
/** Drops what setImmediate set. @ru Отменяет заданное через setImmediate. */
declare function clearImmediate(id: number | undefined): void;
/** Calls before any timer. @ru Вызывает раньше любого таймера. */
declare function queueMicrotask(call: () => void): void;
/** A copy that shares nothing with the value. @ru Копия, у которой нет ничего общего со значением. */
declare function structuredClone<T>(value: T): T;
/** A text of Latin-1 characters as base64. @ru Текст из символов Latin-1 в base64. */
declare function btoa(text: string): string;
/** Base64 as a text of Latin-1 characters. @ru Base64 в текст из символов Latin-1. */
declare function atob(base64: string): string;

/** Bytes, as Node has them. @ru Байты, как в Node. */
declare class Buffer extends Uint8Array<ArrayBuffer> {
  /** Bytes of a text, a list or other bytes. @ru Байты текста, списка или других байтов. */
  static from(text: string, encoding?: Encoding): Buffer;
  static from(bytes: ArrayBuffer, offset?: number, length?: number): Buffer;
  static from(bytes: ArrayLike<number> | { type: 'Buffer'; data: number[] }): Buffer;
  /** Bytes of these numbers. @ru Байты из этих чисел. */
  static of(...bytes: number[]): Buffer;
  /** So many bytes, of zero or of what fills them. @ru Столько байтов, нулевых или заполненных. */
  static alloc(size: number, fill?: number | string | Uint8Array, encoding?: Encoding): Buffer;
  /** So many bytes of zero. @ru Столько нулевых байтов. */
  static allocUnsafe(size: number): Buffer;
  /** Whether a value is a Buffer. @ru Является ли значение Buffer. */
  static isBuffer(value: unknown): value is Buffer;
  /** Whether an encoding is known. @ru Известна ли кодировка. */
  static isEncoding(name: string): name is Encoding;
  /** How many bytes a text takes. @ru Сколько байтов занимает текст. */
  static byteLength(value: Bytes, encoding?: Encoding): number;
  /** Several buffers as one. @ru Несколько буферов одним. */
  static concat(parts: readonly Uint8Array[], totalLength?: number): Buffer;
  /** The order of two buffers: -1, 0 or 1. @ru Порядок двух буферов: -1, 0 или 1. */
  static compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1;
  /** Always 0: there is no pool. @ru Всегда 0: общего запаса нет. */
  static readonly poolSize: number;
  /** The bytes as a text. @ru Байты текстом. */
  toString(encoding?: Encoding, start?: number, end?: number): string;
  toLocaleString(encoding?: any): string;
  toJSON(): { type: 'Buffer'; data: number[] };
  /** Whether both hold the same bytes. @ru Одинаковы ли байты. */
  equals(other: Uint8Array): boolean;
  compare(other: Uint8Array): -1 | 0 | 1;
  /** A part that shares the bytes. @ru Часть, у которой общие байты с целым. */
  slice(start?: number, end?: number): Buffer;
  write(text: string, encoding?: Encoding): number;
  write(text: string, offset: number, encoding?: Encoding): number;
  write(text: string, offset: number, length: number, encoding?: Encoding): number;
  fill(value: any, ...rest: any[]): this;
  copy(target: Uint8Array, targetStart?: number, start?: number, end?: number): number;
  indexOf(value: any, from?: number, encoding?: Encoding): number;
  lastIndexOf(value: any, from?: number, encoding?: Encoding): number;
  includes(value: any, from?: number, encoding?: Encoding): boolean;
  readUInt8(offset?: number): number; writeUInt8(value: number, offset?: number): number; readUint8(offset?: number): number; writeUint8(value: number, offset?: number): number;
  readInt8(offset?: number): number; writeInt8(value: number, offset?: number): number;
  readUInt16LE(offset?: number): number; writeUInt16LE(value: number, offset?: number): number; readUint16LE(offset?: number): number; writeUint16LE(value: number, offset?: number): number;
  readUInt16BE(offset?: number): number; writeUInt16BE(value: number, offset?: number): number; readUint16BE(offset?: number): number; writeUint16BE(value: number, offset?: number): number;
  readInt16LE(offset?: number): number; writeInt16LE(value: number, offset?: number): number;
  readInt16BE(offset?: number): number; writeInt16BE(value: number, offset?: number): number;
  readUInt32LE(offset?: number): number; writeUInt32LE(value: number, offset?: number): number; readUint32LE(offset?: number): number; writeUint32LE(value: number, offset?: number): number;
  readUInt32BE(offset?: number): number; writeUInt32BE(value: number, offset?: number): number; readUint32BE(offset?: number): number; writeUint32BE(value: number, offset?: number): number;
  readInt32LE(offset?: number): number; writeInt32LE(value: number, offset?: number): number;
  readInt32BE(offset?: number): number; writeInt32BE(value: number, offset?: number): number;
  readFloatLE(offset?: number): number; writeFloatLE(value: number, offset?: number): number;
  readFloatBE(offset?: number): number; writeFloatBE(value: number, offset?: number): number;
  readDoubleLE(offset?: number): number; writeDoubleLE(value: number, offset?: number): number;
  readDoubleBE(offset?: number): number; writeDoubleBE(value: number, offset?: number): number;
  readBigUInt64LE(offset?: number): bigint; writeBigUInt64LE(value: bigint, offset?: number): number; readBigUint64LE(offset?: number): bigint; writeBigUint64LE(value: bigint, offset?: number): number;
  readBigUInt64BE(offset?: number): bigint; writeBigUInt64BE(value: bigint, offset?: number): number; readBigUint64BE(offset?: number): bigint; writeBigUint64BE(value: bigint, offset?: number): number;
  readBigInt64LE(offset?: number): bigint; writeBigInt64LE(value: bigint, offset?: number): number;
  readBigInt64BE(offset?: number): bigint; writeBigInt64BE(value: bigint, offset?: number): number;
}

/** An address in its parts. @ru Адрес по частям. */
declare class URL {
  constructor(text: string | URL, base?: string | URL);
  /** Whether a text is an address. @ru Является ли текст адресом. */
  static canParse(text: string | URL, base?: string | URL): boolean;
  /** The address, or null where a text is none. @ru Адрес или null, если текст не адрес. */
  static parse(text: string | URL, base?: string | URL): URL | null;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toString(): string;
  toJSON(): string;
}

/** The query of an address. @ru Параметры адреса. */
declare class URLSearchParams {
  constructor(given?: string | { [name: string]: any } | Iterable<readonly [any, any]> | URLSearchParams);
  readonly size: number;
  append(name: string, value: unknown): void;
  delete(name: string, value?: unknown): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: unknown): boolean;
  set(name: string, value: unknown): void;
  sort(): void;
  forEach(call: (value: string, name: string, all: URLSearchParams) => void, self?: any): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}

/** Text to bytes of UTF-8. @ru Текст в байты UTF-8. */
declare class TextEncoder {
  readonly encoding: 'utf-8';
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}

/** Bytes to text. @ru Байты в текст. */
declare class TextDecoder {
  constructor(label?: 'utf-8' | 'utf-16le' | 'latin1' | (string & {}), options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}

/** A hash that is being made. @ru Хеш, который вычисляется. */
interface Hash {
  /** Takes more data. @ru Принимает ещё данные. */
  update(data: Bytes, encoding?: Encoding): this;
  /** The hash, as bytes or as a text. @ru Хеш байтами или текстом. */
  digest(): Buffer;
  digest(encoding: Encoding): string;
  /** A copy that goes on for itself. @ru Копия, которая продолжается сама по себе. */
  copy(): Hash;
}
/** A keyed hash that is being made. @ru Хеш с ключом, который вычисляется. */
interface Hmac {
  /** Takes more data. @ru Принимает ещё данные. */
  update(data: Bytes, encoding?: Encoding): this;
  /** The keyed hash, as bytes or as a text. @ru Хеш с ключом байтами или текстом. */
  digest(): Buffer;
  digest(encoding: Encoding): string;
}

/** Hashes, and chance that is seeded by the message: good for ids, not for secrets. @ru Хеши и случайные числа, заданные сообщением: для идентификаторов, не для секретов. */
declare const crypto: {
  /** A UUID, the same at each attempt: for ids, not for secrets. @ru UUID, одинаковый при каждой попытке: для идентификаторов, не для секретов. */
  randomUUID(): string;
  /** Fills bytes, the same at each attempt: not for secrets. @ru Заполняет байты, одинаково при каждой попытке: не для секретов. */
  getRandomValues<T extends ArrayBufferView>(into: T): T;
  /** Bytes, the same at each attempt: not for secrets. @ru Байты, одинаковые при каждой попытке: не для секретов. */
  randomBytes(size: number): Buffer;
  /** A whole number from min on and below max. @ru Целое число от min и меньше max. */
  randomInt(max: number): number;
  randomInt(min: number, max: number): number;
  /** A hash: `update(data).digest("hex")`. @ru Хеш: `update(data).digest("hex")`. */
  createHash(name: HashName): Hash;
  /** A keyed hash: `update(data).digest("hex")`. @ru Хеш с ключом: `update(data).digest("hex")`. */
  createHmac(name: HashName, key: Bytes): Hmac;
  /** The hash of some data at once. @ru Хеш данных сразу. */
  hash(name: HashName, data: Bytes, encoding?: Encoding): string;
  hash(name: HashName, data: Bytes, encoding: 'buffer'): Buffer;
  /** Names of the hashes. @ru Названия хешей. */
  getHashes(): string[];
  /** Whether two buffers are equal, always in the same time. @ru Равны ли два буфера; время сравнения всегда одно. */
  timingSafeEqual(one: ArrayBuffer | ArrayBufferView, two: ArrayBuffer | ArrayBufferView): boolean;
  /** The class behind createHash. @ru Класс, который даёт createHash. */
  readonly Hash: { readonly prototype: Hash };
  /** The class behind createHmac. @ru Класс, который даёт createHmac. */
  readonly Hmac: { readonly prototype: Hmac };
  /** Hashes as a browser gives them. @ru Хеши, как в браузере. */
  readonly subtle: {
    /** The hash of bytes. @ru Хеш байтов. */
    digest(algorithm: string | { name: string }, data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer>;
  };
};

/** Headers of a request or an answer; names in lower case. @ru Заголовки запроса или ответа; имена строчными буквами. @grant fetch: read, all */
declare class Headers {
  constructor(given?: { [name: string]: unknown } | Iterable<readonly [string, unknown]> | null);
  append(name: string, value: unknown): void;
  delete(name: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: unknown): void;
  forEach(call: (value: string, name: string, all: Headers) => void, self?: any): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

/** An answer. Its body is there whole and is read once. @ru Ответ. Его тело пришло целиком и читается один раз. @grant fetch: read, all */
declare class Response {
  constructor(body?: Bytes | URLSearchParams | null, init?: { status?: number; statusText?: string; headers?: ConstructorParameters<typeof Headers>[0] });
  readonly status: number;
  /** Whether the status is from 200 to 299. @ru Статус от 200 до 299. */
  readonly ok: boolean;
  readonly statusText: string;
  /** The address that answered, after redirects. @ru Ответивший адрес, после перенаправлений. */
  readonly url: string;
  readonly redirected: boolean;
  readonly type: string;
  readonly headers: Headers;
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  arrayBuffer(): Promise<ArrayBuffer>;
  clone(): Response;
}

interface AbortEvent { readonly type: 'abort'; readonly target: AbortSignal; readonly currentTarget: AbortSignal }
type AbortListener = ((event: AbortEvent) => void) | { handleEvent(event: AbortEvent): void };
/** Says when to give a call up. @ru Сообщает, когда прервать вызов. @grant fetch: read, all */
declare class AbortSignal {
  private constructor();
  /** A signal that is given already. @ru Сигнал, который уже сработал. */
  static abort(reason?: unknown): AbortSignal;
  /** A signal that is given with the first of several. @ru Сигнал, который срабатывает вместе с первым из нескольких. */
  static any(signals: Iterable<AbortSignal>): AbortSignal;
  /** A signal that is given after so many milliseconds. @ru Сигнал, который срабатывает через столько миллисекунд. */
  static timeout(ms: number): AbortSignal;
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((event: AbortEvent) => void) | null;
  throwIfAborted(): void;
  addEventListener(kind: 'abort', call: AbortListener | null, options?: { once?: boolean }): void;
  removeEventListener(kind: 'abort', call: AbortListener | null): void;
}

/** Gives calls up. @ru Прерывает вызовы. @grant fetch: read, all */
declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

interface FetchOptions {
  /** GET when none is given. @ru GET, если не задан. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | (string & {}) | undefined;
  headers?: ConstructorParameters<typeof Headers>[0] | Headers | undefined;
  body?: Bytes | URLSearchParams | null | undefined;
  redirect?: 'follow' | 'manual' | 'error' | undefined;
  signal?: AbortSignal | undefined;
}
/** Calls a server that the settings name. @ru Вызывает сервер, указанный в настройках. @grant fetch: read, all */
declare function fetch(address: string | URL | (FetchOptions & { url: string }), options?: FetchOptions): Promise<Response>;
