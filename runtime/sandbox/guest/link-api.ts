import { countCall } from './fetch-api.ts';
import { refusal } from './failure.ts';
import { refuseWithoutMessage } from './setup.ts';
import type { Call, Guest, Net, NetCall } from './state.ts';
import { readText, writeBody } from './wire.ts';

/** `node.linkcall`, where the node may follow links: a message leaves the isolate as what is asked of servers does, and what is returned begins a turn of its own. */
export function linkCall(guest: Guest, [target, message, options]: readonly unknown[]): Promise<unknown> {
  refuseWithoutMessage(guest, 'node.linkcall');
  const { net } = guest;
  if (!net?.rules.links) throw refusal('link-refused', { en: 'node.linkcall is not granted; allow Calls by link in the node’s settings', ru: 'node.linkcall не разрешён; включите «Вызовы по ссылкам» в настройках узла' });
  const site = new Error('linkcall');
  return new Promise((resolve, reject) => {
    const call = guest.current;
    if (!call || call.text !== null) throw new Error('node.linkcall: this message has ended');
    const link = linkOf(target);
    const text = messageText(guest, net, { call, message });
    const id = ++net.ids;
    const asked: NetCall = { call, method: 'node.linkcall', url: link, site, resolve: (answer) => { resolve(readText(guest.wire, answer.m ?? '{}')); }, reject };
    net.open.set(id, asked);
    net.asked.push({ call, text: `[${id},${call.batch.calls.indexOf(call)},"LINK",${JSON.stringify([link, text, timeOf(options)]).slice(1)}` });
  });
}

export function linkOf(target: unknown): string {
  const link = String(target).slice(0, 250);
  if (!/^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)?$/.test(link)) throw new TypeError(`node.linkcall: "${link}" is no link; write the id of a Link in node of this flow, or flow/node`);
  return link;
}

export function messageText(guest: Guest, net: Net, { call, message }: { readonly call: Call; readonly message: unknown }): string {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new TypeError('node.linkcall: a message is an object; put the value into one: { payload: value }');
  const text = writeBody(guest.wire, message);
  countCall(net, call, text.length);
  return text;
}

/** 0: as long as the message has. */
export function timeOf(options: unknown): number {
  const { timeout } = (typeof options === 'object' && options !== null ? options : {}) as { timeout?: unknown };
  const ms = Math.ceil(Number(timeout ?? 0));
  return ms > 0 && ms < 1e9 ? ms : 0;
}

