import { makeBufferClass } from './buffer.ts';
import { cloneValue } from './clone.ts';
import { makeContextApi } from './context-api.ts';
import { messageOf } from './failure.ts';
import { fetchApi } from './fetch-api.ts';
import { linkCall } from './link-api.ts';
import { makeRedApi } from './red-util.ts';
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
  call.logs.push(JSON.stringify([level, text.length > logChars ? `${text.slice(0, logChars)} … (+${text.length - logChars})` : text]));
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
    linkcall(target: unknown, message: unknown, options: unknown) { return linkCall(guest, [target, message, options]); },
    /** For code from Node-RED: nothing of a message outlives it; what is to run when the node stops is closing code. */
    on() { return undefined; },
  };
}

/** The flow's environment, and the names that Node-RED gives to every node. */
export function envValue({ env, nodeId, nodeName, flow }: Guest['config'], name: string): unknown {
  switch (name) {
    case 'NR_NODE_ID': return nodeId;
    case 'NR_NODE_NAME': return nodeName;
    case 'NR_FLOW_ID': return flow;
    default: return Object.hasOwn(env, name) ? cloneValue(env[name]) : undefined;
  }
}

/** Puts every name into the scope of the code. Large ones are made at their first use: most functions never name them. */
export function installApi(guest: Guest): void {
  const api = (name: string, scope: string): object => makeContextApi(guest, name, scope);
  const context = api('context', 'node');
  const values: { [name: string]: unknown } = {
    node: makeNodeApi(guest), RED: makeRedApi(guest),
    env: { get: (name: unknown) => envValue(guest.config, String(name)) },
    context: { ...context, flow: api('context.flow', 'flow'), global: api('context.global', 'global') },
    flow: api('flow', 'flow'), global: api('global', 'global'),
    console: { log: consoleLog(guest, 'log'), info: consoleLog(guest, 'log'), debug: consoleLog(guest, 'log'), trace: consoleLog(guest, 'log'), warn: consoleLog(guest, 'warn'), error: consoleLog(guest, 'error') },
    setTimeout: (call: unknown, ms: unknown, ...args: unknown[]) => addTimer(guest, call, { ms, args }),
    setInterval: (call: unknown, ms: unknown, ...args: unknown[]) => addTimer(guest, call, { ms, args, repeats: true }),
    setImmediate: (call: unknown, ...args: unknown[]) => addTimer(guest, call, { ms: 0, args }),
    clearTimeout: (id: unknown) => { dropTimer(guest, id); },
    clearInterval: (id: unknown) => { dropTimer(guest, id); },
    clearImmediate: (id: unknown) => { dropTimer(guest, id); },
    queueMicrotask: (call: () => void) => { void Promise.resolve().then(call); },
    structuredClone: (value: unknown) => cloneValue(value),
    btoa: encodeBase64Text, atob: decodeBase64Text,
    URL: GuestUrl, URLSearchParams: GuestSearchParams, TextEncoder: GuestTextEncoder, TextDecoder: GuestTextDecoder,
    ...(guest.net?.rules.servers && fetchApi(guest, guest.net)),
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
