import { refusal } from './failure.ts';
import type { Words } from './failure.ts';
import { writeLog } from './node-api.ts';
import { refuseWithoutMessage } from './setup.ts';
import type { Call, Guest } from './state.ts';
import { bodyText } from './wire.ts';

/** Output by output, as Node-RED takes what a function returns: a message, or a list with a message, a list of messages or nothing for each output. */
export function sendAll(guest: Guest, call: Call, value: unknown): void {
  if (value === null || value === undefined || call.text !== null) return;
  refuseWithoutMessage(guest, 'node.send');
  if (!Array.isArray(value)) { sendOne(guest, call, value, 0); return; }
  for (let output = 0; output < value.length; output++) {
    const each: unknown = value[output];
    if (each === null || each === undefined) continue;
    if (!Array.isArray(each)) { sendOne(guest, call, each, output); continue; }
    for (const one of each) if (one !== null && one !== undefined) sendOne(guest, call, one, output);
  }
}

/** The body is written at once: what the code does to it afterwards is not sent. */
export function sendOne(guest: Guest, call: Call, body: unknown, output: number): void {
  const { outputs, bodiesMax, outputChars } = guest.config;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const kind = Array.isArray(body) ? 'list' : typeof body;
    throw refusal('result', { en: `a message must be an object, not a ${kind}; put the value into one: { payload: value }`, ru: `сообщение должно быть объектом, а не ${kindRu(kind)}; поместите значение в объект: { payload: значение }` });
  }
  if (output >= outputs) { writeLog(guest, 'warn', [`a message for output ${output + 1} was dropped: the node has ${outputs}`]); return; }
  if (++call.bodies > bodiesMax) throw tooLarge(call, { en: `more than ${bodiesMax} messages were sent for one`, ru: `на одно сообщение отправлено больше ${bodiesMax}` });
  const text = bodyText(guest, call, body as { [key: string]: unknown });
  call.chars += text.length;
  if (call.chars > outputChars) throw tooLarge(call, { en: `what was sent is larger than ${outputChars} characters`, ru: `отправленное больше ${outputChars} знаков` });
  const lists = (call.outputs ??= []);
  while (lists.length <= output) lists.push([]);
  lists[output]?.push(text);
}

/** Catching it in the code does not help: the call has failed. */
export function tooLarge(call: Call, words: Words): Error {
  const error = refusal('output-too-large', words);
  call.thrown = { value: error };
  return error;
}

export function kindRu(kind: string): string {
  const words: { readonly [kind: string]: string } = { list: 'список', string: 'текст', number: 'число', boolean: 'да/нет', bigint: 'большое целое', function: 'функция', symbol: 'символ' };
  return words[kind] ?? kind;
}
