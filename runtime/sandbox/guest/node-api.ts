import { makeBufferClass } from './buffer.ts';
import { cloneValue } from './clone.ts';
import { messageOf, refusal } from './failure.ts';
import { nextChance } from './chance.ts';
import { sendAll } from './send.ts';
import type { Guest } from './state.ts';
import { GuestTextDecoder, GuestTextEncoder, decodeBase64Text, encodeBase64Text } from './text-codecs.ts';
import { addTimer, dropTimer } from './timers.ts';
import { readValue, setOwn, writeValue } from './wire.ts';
import { GuestSearchParams, GuestUrl } from './url-classes.ts';

/** What the code of a function node finds: the names that users of Node-RED know. */

export function writeLog(guest: Guest, level: 'log' | 'warn' | 'error', parts: readonly unknown[]): void {
  const call = guest.current;
  if (!call || call.text !== null) return;
  if ((call.logs ??= []).length >= guest.config.logsMax) { call.logsLeftOut++; return; }
  const text = parts.map(shownValue).join(' ');
  const { logChars } = guest.config;
  call.logs.push(JSON.stringify([level, text.length > logChars ? `${text.slice(0, logChars)} … (${text.length - logChars} characters more)` : text]));
}

export function shownValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return messageOf(value);
  try {
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  } catch {
    return messageOf(value);
  }
}

/** With a message the failure is the message's: it leaves by the error port or to a catch node, unless something was sent. */
export function reportError(guest: Guest, error: unknown, message: unknown): void {
  writeLog(guest, 'error', [error]);
  const call = guest.current;
  if (call && message !== undefined && message !== null) call.reported ??= error instanceof Error ? error : new Error(shownValue(error));
}

export function setStatus(guest: Guest, status: unknown): void {
  const call = guest.current;
  if (!call) return;
  const { fill, text } = (typeof status === 'object' && status !== null ? status : { text: status }) as { fill?: unknown; text?: unknown };
  const kinds: { [fill: string]: string } = { green: 'good', yellow: 'warn', red: 'bad' };
  const kind = typeof fill === 'string' && Object.hasOwn(kinds, fill) ? kinds[fill] : 'info';
  call.status = JSON.stringify([kind, shownValue(text ?? '').slice(0, 200)]);
}

export function makeNodeApi(guest: Guest): object {
  const log = (level: 'log' | 'warn' | 'error') => (...parts: unknown[]) => { writeLog(guest, level, parts); };
  return {
    get id() { return guest.config.nodeId; },
    get name() { return guest.config.nodeName; },
    get outputCount() { return guest.config.outputs; },
    send(value: unknown) { if (guest.current) sendAll(guest, guest.current, value); },
    done(error?: unknown) {
      if (error !== undefined && error !== null) reportError(guest, error, true);
      if (guest.current) guest.current.done = true;
    },
    log: log('log'), debug: log('log'), trace: log('log'), warn: log('warn'),
    error(error: unknown, message?: unknown) { reportError(guest, error, message); },
    status(status: unknown) { setStatus(guest, status); },
  };
}

/** Reading or writing context would make the outcome hang on more than the message: it exists only by a grant. */
export function makeContextApi(guest: Guest, name: string, scope: string): object {
  const held = (method: string): { [key: string]: string | null } => {
    const values = guest.current?.state?.[scope];
    if (values) return values;
    throw refusal('threw', {
      en: `${name}.${method}: this node has no grant for context. Choose it in the node's settings, or keep values in the message`,
      ru: `${name}.${method}: у этого узла нет доступа к контексту. Разрешите его в настройках узла или храните значения в сообщении`,
    });
  };
  const get = (key: string): unknown => readValue(guest.wire, held('get'), key);
  const set = (key: string, value: unknown): void => {
    const values = held('set');
    const call = guest.current;
    if (!call || call.text !== null) return;
    const text = value === undefined ? null : writeValue(guest.wire, value as object);
    if (text === 'undefined') throw refusal('threw', { en: `${name}.set: a ${typeof value} cannot be kept`, ru: `${name}.set: значение вида ${typeof value} нельзя сохранить` });
    setOwn(values, key, text);
    (call.writes ??= new Map()).set(`${scope} ${key}`, JSON.stringify([scope, key, text]));
  };
  return {
    get: (key: unknown) => (Array.isArray(key) ? key.map((each) => get(String(each))) : get(String(key))),
    set(key: unknown, value: unknown) {
      if (Array.isArray(key)) key.forEach((each, i) => { set(String(each), Array.isArray(value) ? value[i] : undefined); });
      else set(String(key), value);
    },
    keys: () => Object.keys(held('keys')).filter((key) => held('keys')[key] !== null),
  };
}

export function makeRedApi(guest: Guest): object {
  return {
    util: {
      cloneMessage: (message: unknown) => cloneValue(message),
      generateId: () => Array.from({ length: 16 }, () => Math.floor(nextChance(guest) * 16).toString(16)).join(''),
      ensureString: (value: unknown) => (value instanceof Uint8Array ? new GuestTextDecoder('utf-8', { ignoreBOM: true }).decode(value) : shownValue(value)),
    },
  };
}

/** Puts every name into the scope of the code. Large ones are made at their first use: most functions never name them. */
export function installApi(guest: Guest): void {
  const { env } = guest.config;
  const api = (name: string, scope: string): object => makeContextApi(guest, name, scope);
  const context = api('context', 'node');
  const values: { [name: string]: unknown } = {
    node: makeNodeApi(guest), RED: makeRedApi(guest),
    env: { get: (name: unknown) => (Object.hasOwn(env, String(name)) ? cloneValue(env[String(name)]) : undefined) },
    context: { ...context, flow: api('context.flow', 'flow'), global: api('context.global', 'global') },
    flow: api('flow', 'flow'), global: api('global', 'global'),
    console: { log: consoleLog(guest, 'log'), info: consoleLog(guest, 'log'), debug: consoleLog(guest, 'log'), trace: consoleLog(guest, 'log'), warn: consoleLog(guest, 'warn'), error: consoleLog(guest, 'error') },
    setTimeout: (call: unknown, ms: unknown, ...args: unknown[]) => addTimer(guest, call, { ms, args, repeats: false }),
    setInterval: (call: unknown, ms: unknown, ...args: unknown[]) => addTimer(guest, call, { ms, args, repeats: true }),
    setImmediate: (call: unknown, ...args: unknown[]) => addTimer(guest, call, { ms: 0, args, repeats: false }),
    clearTimeout: (id: unknown) => { dropTimer(guest, id); },
    clearInterval: (id: unknown) => { dropTimer(guest, id); },
    clearImmediate: (id: unknown) => { dropTimer(guest, id); },
    queueMicrotask: (call: () => void) => { void Promise.resolve().then(call); },
    structuredClone: (value: unknown) => cloneValue(value),
    btoa: encodeBase64Text, atob: decodeBase64Text,
    URL: GuestUrl, URLSearchParams: GuestSearchParams, TextEncoder: GuestTextEncoder, TextDecoder: GuestTextDecoder,
  };
  for (const name of Object.keys(values)) {
    const value = values[name];
    Reflect.defineProperty(globalThis, name, { value, writable: false, configurable: false, enumerable: false });
  }
  let buffer: ReturnType<typeof makeBufferClass> | undefined;
  const get = (): ReturnType<typeof makeBufferClass> => {
    if (buffer) return buffer;
    const made = makeBufferClass();
    // Kept only once it is frozen: at the end of the stack freezing may fail.
    guest.harden([made]);
    return (buffer = made);
  };
  Reflect.defineProperty(globalThis, 'Buffer', { get, configurable: false, enumerable: false });
}

export function consoleLog(guest: Guest, level: 'log' | 'warn' | 'error'): (...parts: unknown[]) => void {
  return (...parts) => { writeLog(guest, level, parts); };
}
