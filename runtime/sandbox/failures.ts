import type { Json, Text } from '../flow/flow.ts';
import type { FusedResult, SandboxFailure, SandboxLog, SandboxResult, StateScope, StatusKind } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import type { ModuleBundle } from './bundle.ts';
import { bodyBack, valueBack, type BodyGiven } from './body-codec.ts';

/** Results of messages as the rest of the runtime sees them, and the words for what went wrong. */

type GuestLog = readonly [level: SandboxLog['level'], text: string, leftOut?: number];
type GuestSent = readonly [outputs: readonly (readonly BodyGiven[])[], logs?: readonly GuestLog[], status?: readonly [StatusKind, string] | null, writes?: readonly (readonly [scope: StateScope, key: string, text: string | null])[]];
interface GuestFailed { readonly f: { readonly c: string; readonly m: string; readonly r?: string; readonly l?: number; readonly k?: number; readonly w?: number }; readonly l: readonly GuestLog[] }
/** One result as the guest writes it; a body stands for itself when it is all, by the first output. */
type GuestResult = GuestSent | BodyGiven | GuestFailed;

/** Codes that the guest may give. A thrown error is the user's own and may claim anything. */
const GUEST_CODES = new Set(['threw', 'result', 'output-too-large', 'timeout', 'memory', 'fetch-refused', 'fetch-failed', 'link-refused', 'link-failed']);
const NO_LOGS: readonly SandboxLog[] = [];

/** What the words for a failure need of the function. */
export interface FunctionOf { readonly timeoutMs: number; readonly memoryMb: number; readonly modules?: ModuleBundle | undefined; readonly isClosing?: boolean | undefined }
type Known = Pick<FunctionOf, 'modules' | 'isClosing'>;

export function resultOf(given: unknown, kept: Body, of: FunctionOf): SandboxResult {
  const result = given as GuestResult;
  if ('f' in result) {
    const { c, m, r, l, k, w } = result.f;
    return { failure: failure(GUEST_CODES.has(c) ? c : 'threw', { message: m, timeoutMs: of.timeoutMs, memoryMb: of.memoryMb, ...(r !== undefined && { ru: r }), ...(l !== undefined && { line: l }), ...(k !== undefined && { column: k }), ...(w !== undefined && { moduleLine: w }) }, of), logs: logsOf(result.l) };
  }
  if (!isSent(result)) return { outputs: [[bodyBack(result, kept)]], logs: NO_LOGS };
  const [outputs, logs, status, writes] = result;
  return {
    outputs: outputs.map((bodies) => bodies.map((body) => bodyBack(body, kept))),
    logs: logs === undefined ? NO_LOGS : logsOf(logs),
    ...(status && { status: { kind: status[0], text: status[1] } }),
    ...(writes && { writes: writes.map(([scope, key, text]) => ({ scope, key, value: text === null ? undefined : valueBack(text) })) }),
  };
}

const isSent = (result: GuestSent | BodyGiven): result is GuestSent => Array.isArray(result);

/** What came of a message that passed several functions: `[number of the function, results]`. `places`: where the functions stand in the row. */
export function fusedResultOf([at, told]: readonly [at: number, results: readonly unknown[]], { places, ...of }: FunctionOf & { readonly places: readonly number[] }): FusedResult {
  const stage = places[at] ?? 0;
  const readers = told.map((each) => (body: Body) => resultOf(each, body, of));
  if (readers.length === 1) return { stage, results: readers };
  return { stage, results: Array.from({ length: stage + 1 }, (_, place) => readers[places.indexOf(place)] ?? null) };
}

const logsOf = (logs: readonly GuestLog[]): readonly SandboxLog[] => logs.map(([level, text, leftOut]) => ({ level, text, ...(leftOut !== undefined && { leftOut }) }));

export interface Cause { readonly message?: string; /** The message in Russian, where it is the sandbox's own. */ readonly ru?: string; readonly line?: number; readonly column?: number; /** In the modules' bundle. */ readonly moduleLine?: number; readonly timeoutMs?: number; readonly memoryMb?: number }

const NETWORK = new Set(['fetch', 'Headers', 'Response', 'AbortController', 'AbortSignal']);
const NO_ADVICE: Text = { en: '', ru: '' };

/** What a name stands for that the code looked for in vain. */
function adviceFor(message: string, isClosing = false): Text {
  const [, name] = /^ReferenceError: (\w+) is not defined$/.exec(message) ?? [];
  if (name !== undefined && NETWORK.has(name) && isClosing) return { en: '. Closing code calls no servers', ru: '. Код завершения не вызывает серверы' };
  if (name !== undefined && NETWORK.has(name)) return { en: '. The code has it when Calls to servers in the node’s settings grants it', ru: '. Код получает это имя, когда его дают «Вызовы серверов» в настройках узла' };
  if (name === 'process') return { en: '. There is no process in the sandbox; env.get("NAME") reads the environment', ru: '. Процесса в песочнице нет; окружение читает env.get("ИМЯ")' };
  if (name !== undefined) return { en: '. If it is a module, name it under Modules in the node’s settings', ru: '. Если это модуль, укажите его в списке «Модули» в настройках узла' };
  if (/^(\w+: )?Not supported$/.test(message)) return { en: '. import() does not exist here; name the module under Modules in the node’s settings', ru: '. import() здесь нет; укажите модуль в списке «Модули» в настройках узла' };
  return NO_ADVICE;
}

const WORDS: { readonly [code: string]: (cause: Cause, at: Text) => Text } = {
  syntax: ({ message, ru = message }, at) => ({ en: `The code cannot be read${at.en}: ${message}.`, ru: `Код не читается${at.ru}: ${ru}.` }),
  setup: ({ message, ru = message }, at) => ({ en: `The setup code failed${at.en}: ${message}`, ru: `Код подготовки завершился ошибкой${at.ru}: ${ru}` }),
  closing: ({ message, ru = message }, at) => ({ en: `The closing code failed${at.en}: ${message}`, ru: `Ошибка в коде завершения${at.ru}: ${ru}` }),
  modules: ({ message, ru = message }, at) => ({ en: `The modules cannot be loaded${at.en}: ${message}`, ru: `Модули не загружаются${at.ru}: ${ru}` }),
  threw: ({ message, ru = message }, at) => {
    const advice = adviceFor(message ?? '');
    return { en: `The code threw${at.en}: ${message}${advice.en}`, ru: `Код завершился ошибкой${at.ru}: ${ru}${advice.ru}` };
  },
  result: ({ message, ru = message }, at) => ({ en: `What the code sent is not a message${at.en}: ${message}`, ru: `Код отправил не сообщение${at.ru}: ${ru}` }),
  'output-too-large': ({ message, ru = message }, at) => ({ en: `The code sent too much for one message${at.en}: ${message}`, ru: `Код отправил слишком много для одного сообщения${at.ru}: ${ru}` }),
  timeout: ({ message, ru = message, timeoutMs }, at) => ({
    en: `The code did not end${at.en} (it has ${timeoutMs} ms)${message ? `: ${message}` : ''}. Look for an endless loop or a promise that never settles, or give the node more time.`,
    ru: `Код не завершился${at.ru} (ему отведено ${timeoutMs} мс)${ru ? `: ${ru}` : ''}. Проверьте, нет ли бесконечного цикла или промиса, который никогда не завершится, либо увеличьте время узла.`,
  }),
  memory: ({ message, ru = message, memoryMb }, at) => ({
    en: `The code needed more than its ${memoryMb} MB of memory${at.en}${message ? `: ${message}` : ''}. Work on smaller parts, or give the node more memory.`,
    ru: `Коду не хватило ${memoryMb} МБ памяти${at.ru}${ru ? `: ${ru}` : ''}. Обрабатывайте данные меньшими частями или увеличьте память узла.`,
  }),
  crashed: ({ message, ru = message }) => ({
    en: `The code ended the sandbox’s process${message ? ` (${message})` : ''}. The message was tried alone to be sure that it is the one.`,
    ru: `Код завершил процесс песочницы${ru ? ` (${ru})` : ''}. Сообщение выполнили отдельно, чтобы убедиться, что дело в нём.`,
  }),
  'fetch-refused': ({ message, ru = message }, at) => ({ en: `A call to a server was not made${at.en}: ${message}`, ru: `Вызов сервера не сделан${at.ru}: ${ru}` }),
  'fetch-failed': ({ message, ru = message }, at) => ({ en: `A call to a server failed${at.en}: ${message}`, ru: `Вызов сервера не удался${at.ru}: ${ru}` }),
  'link-refused': ({ message, ru = message }, at) => ({ en: `A link was not followed${at.en}: ${message}`, ru: `Переход по ссылке не сделан${at.ru}: ${ru}` }),
  'link-failed': ({ message, ru = message }, at) => ({ en: `A call by a link failed${at.en}: ${message}`, ru: `Вызов по ссылке не удался${at.ru}: ${ru}` }),
  'fetch-interrupted': () => ({
    en: 'The sandbox ended while the code of this message was calling servers. What they did is not known; look there before you send it again.',
    ru: 'Песочница завершилась, когда код этого сообщения обращался к серверам. Что они сделали, неизвестно; проверьте там, прежде чем отправлять снова.',
  }),
  unavailable: ({ message, ru = message }) => ({
    en: `The sandbox cannot be started: ${message}. Its package isolated-vm needs Node 24 and one of the supported platforms.`,
    ru: `Песочница не запускается: ${ru}. Её пакету isolated-vm нужен Node 24 и одна из поддерживаемых платформ.`,
  }),
};

/** What went wrong before the closing code itself began. */
const NOT_OF_CLOSING = new Set(['setup', 'modules', 'unavailable']);

/** There is no message to which the usual words and advice apply. */
function closingCause(code: string, cause: Cause): Cause {
  const { message = '', ru = message, timeoutMs } = cause;
  const why = message === '' ? '' : `: ${message}`;
  const because = ru === '' ? '' : `: ${ru}`;
  switch (code) {
    case 'timeout': return { ...cause, message: `it did not end within ${timeoutMs} ms${why}`, ru: `он не завершился за ${timeoutMs} мс${because}` };
    case 'memory': return { ...cause, message: `it needed more memory than the node may have${why}`, ru: `ему не хватило памяти, отведённой узлу${because}` };
    case 'crashed': return { ...cause, message: `it ended the sandbox’s process${why}`, ru: `он завершил процесс песочницы${because}` };
    default: {
      const advice = adviceFor(message, true);
      return { ...cause, message: message + advice.en, ru: ru + advice.ru };
    }
  }
}

/** `code` without its area. `line` and `column` are those of the user's code, from 1. */
export function failure(code: string, cause: Cause, of: Known = {}): SandboxFailure {
  if (of.isClosing && !NOT_OF_CLOSING.has(code)) return failure('closing', closingCause(code, cause), { modules: of.modules });
  const known = Object.hasOwn(WORDS, code) ? code : 'threw';
  const module = cause.moduleLine === undefined ? undefined : of.modules?.placeOf(cause.moduleLine);
  const at = placed(cause, module);
  const words = WORDS[known];
  const details: { [name: string]: Json } = {};
  if (cause.line !== undefined) details.line = cause.line;
  if (cause.column !== undefined) details.column = cause.column;
  if (cause.message) details.message = cause.message;
  if (module !== undefined) details.module = module;
  if (known === 'setup' || known === 'modules' || known === 'closing') details.field = known;
  if (known === 'timeout' && cause.timeoutMs !== undefined) details.timeoutMs = cause.timeoutMs;
  if (known === 'memory' && cause.memoryMb !== undefined) details.memoryMb = cause.memoryMb;
  return { code: known === 'unavailable' ? 'sandbox.unavailable' : `function.${known}`, text: words ? words(cause, at) : { en: '', ru: '' }, details };
}

/** Of the code, then of the module that it called. */
function placed({ line, column }: Cause, module: string | undefined): Text {
  const own: Text = line === undefined ? { en: '', ru: '' } : { en: ` at line ${line}, column ${column}`, ru: ` в строке ${line}, позиция ${column}` };
  return module === undefined ? own : { en: `${own.en}, in the module’s file ${module}`, ru: `${own.ru}, в файле модуля ${module}` };
}

export const failed = (code: string, cause: Cause, of: Known): SandboxResult => ({ failure: failure(code, cause, of), logs: NO_LOGS });
