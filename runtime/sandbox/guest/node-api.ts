import { makeBufferClass } from './buffer.ts';
import { cloneValue } from './clone.ts';
import { messageOf, refusal } from './failure.ts';
import { nextChance } from './chance.ts';
import { sendAll } from './send.ts';
import type { Guest } from './state.ts';
import { GuestTextDecoder, GuestTextEncoder, decodeBase64Text, encodeBase64Text } from './text-codecs.ts';
import { addTimer, dropTimer } from './timers.ts';
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
  const { config } = guest;
  const log = (level: 'log' | 'warn' | 'error') => (...parts: unknown[]) => { writeLog(guest, level, parts); };
  return {
    id: config.nodeId, name: config.nodeName, outputCount: config.outputs,
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
export function makeContextApi(name: string): object {
  const refuse = (method: string) => (): never => {
    throw refusal('threw', {
      en: `${name}.${method}: this node has no grant for context. Keep values in the message, or use a node that stores them`,
      ru: `${name}.${method}: у этого узла нет доступа к контексту. Храните значения в сообщении или используйте узел, который их сохраняет`,
    });
  };
  return { get: refuse('get'), set: refuse('set'), keys: refuse('keys') };
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
  const context = makeContextApi('context');
  const values: { [name: string]: unknown } = {
    node: makeNodeApi(guest), RED: makeRedApi(guest),
    env: { get: (name: unknown) => (Object.hasOwn(env, String(name)) ? cloneValue(env[String(name)]) : undefined) },
    context: { ...context, flow: makeContextApi('context.flow'), global: makeContextApi('context.global') },
    flow: makeContextApi('flow'), global: makeContextApi('global'),
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
    if (!buffer) {
      buffer = makeBufferClass();
      guest.harden([buffer]);
    }
    return buffer;
  };
  Reflect.defineProperty(globalThis, 'Buffer', { get, configurable: false, enumerable: false });
}

export function consoleLog(guest: Guest, level: 'log' | 'warn' | 'error'): (...parts: unknown[]) => void {
  return (...parts) => { writeLog(guest, level, parts); };
}
