import { defineNode, field, limits, moduleName, NodeFailure, toPorts } from '../../runtime/sdk/index.ts';
import type { Body, HandlerResult, NodeContext, SandboxFunction, SandboxMessage, SandboxNet, SandboxProgram, SandboxResult, SandboxState, StateScope, StateView, StopContext, ToPorts } from '../../runtime/sdk/index.ts';

const MB = 1024 * 1024;
const MEMORY_MIN_MB = 8; // an isolate needs so much to begin with

const HOST = '(https?://)?((\\*\\.)?[^\\s/*:?#@\\[\\]]+|\\[[0-9a-fA-F:.]+\\])(:[0-9]{1,5})?';

const EXAMPLE_CODE = `msg.payload = {
  name: msg.payload.name.trim(),
  total: msg.payload.items.reduce((sum, item) => sum + item.price * item.quantity, 0),
};
return msg;`;

export default defineNode({
  type: 'function',
  version: 1,
  title: { en: 'Function', ru: 'Функция' },
  category: 'code',
  icon: 'square-function',
  summary: { en: 'Runs JavaScript or TypeScript on each message, walled off from the server.', ru: 'Выполняет JavaScript или TypeScript для каждого сообщения в изоляции от сервера.' },
  help: {
    en: [
      'The code gets the message as `msg` and returns what leaves:',
      '- `return msg` or any object: by the first output; `return null`: the message ends here;',
      '- `return [a, b]`: `a` by output 1, `b` by output 2, `null` for none;',
      '- `return [[a, b], c]`: `a` and `b` one after the other by output 1, `c` by output 2.',
      '',
      `**A message** holds what JSON has, besides dates, bytes and big integers: \`NaN\` becomes \`null\`, a \`Map\` or \`Set\` becomes \`{}\`, functions and \`undefined\` are left out. For one message the code may send ${limits.sandboxBodiesMax} messages and ${limits.sandboxOutputBytesMax / MB} MB in all.`,
      '',
      '**At hand**: `node.send`, `node.done`, `node.linkcall` (when granted), `node.log`, `node.warn`, `node.error`, `node.status`, `node.id`, `node.name`, `env.get("NAME")` (also `NR_NODE_ID`, `NR_NODE_NAME`, `NR_FLOW_ID`), `console.log`, `RED.util` (`cloneMessage`, `getMessageProperty`, `setMessageProperty`, `getObjectProperty`, `setObjectProperty`, `compareObjects`, `ensureString`, `ensureBuffer`, `generateId`), `await`, `setTimeout`, `Buffer`, `URL`, `URLSearchParams`, `TextEncoder`, `TextDecoder`, `structuredClone`, `btoa`, `atob`, `crypto` (`randomUUID`, `createHash`, `createHmac`, `timingSafeEqual`, `subtle.digest`; md5, sha1, sha2).',
      '',
      `Of the **log** are shown ${limits.sandboxLogsPerMessage} lines of one message and ${limits.nodeLogsPerSecond} lines a second of one node; how many more there were is told.`,
      '',
      '**As in Node-RED** `node.error("text", msg)` makes the message fail (it leaves by the error port or goes to a catch node) unless something is sent, and a call ends when the code has returned and its timers have run, or at `node.done()`.',
      '',
      '**Not as in Node-RED**:',
      '- Nothing lasts from message to message but context: global variables are made anew for each, and the language’s own objects cannot be changed. So a message can be run again after a failure and gives the same.',
      '- `Date.now()` is the time at which the message was accepted, and `Math.random()`, `crypto.randomUUID()` and `crypto.randomBytes()` give the same for the same message. They are good for ids, not for secrets.',
      '- There is no `process` or file, and no `eval`. Use the sql-query node for databases. In place of `require` and `import` stands **Modules**.',
      '- `fetch` is there when **Calls to servers** in the settings grants it, for the servers that are named there: see below.',
      '- `context`, `flow` and `global` (`get`, `set`, `keys`, `update`) are there when **Context** in the settings grants them: the node’s own, the flow’s too, or that of all flows too. What the code sets is written together with what it sends, or not at all when it fails. The messages then go one at a time over all nodes that use the same context, so that no update is lost, and everything in it crosses to the code with each message: keep it small. A key is a path (`"orders[0].sum"`), a list of keys is read and set at once, and a callback is called at once; there is one store, so its name does not matter. What `get` gives is a copy: `set` it again, or use `update("count", (n = 0) => n + 1)`.',
      '',
      '**TypeScript**, when the settings say so: types are erased, line by line, and not checked at a deploy. What makes code of its own (`enum`, `namespace`, `private` in a constructor’s parameters, `<Type>value`) is refused with its place.',
      '',
      '**While you write** names and fields are completed (Ctrl Space), with types of `msg` from the nodes before and from the messages that came; pointing at a name tells its type, Ctrl Shift Space that of the name or call at the cursor, F8 goes to the next mark. In TypeScript what does not fit its type is marked, in JavaScript only what cannot be read and names that nothing has. Code that cannot be read is a problem of the node, and a deploy asks before; other marks do not stop it.',
      '',
      '**Setup code** runs once, before the first message, when the flow is deployed or started. What it declares (`const rates = { … };`) the code may read by name, and cannot change (writing there does nothing): texts, numbers, lists, plain objects and regular expressions without `g` and `y`. It has no effect outside: no messages, context, promises or timers, its clock stands at 1970 and its chance is the same each time. Nothing else would be safe, as it runs again whenever the sandbox is made anew. It has a second.',
      '',
      `**Closing code** runs once when the node stops, as Node-RED’s **On Stop**: when its flow is stopped or deleted, when a deploy changes, disables or removes the node, and when Millrace is stopped in order; a deploy that leaves the node as it is does not stop it. Its last message is through by then, unless Millrace stops and the message takes longer than that waits. After a kill or a power cut nothing runs, so rely on it for nothing that has to happen. It has what the code has, the time of the stop, what the setup code made, and the context as far as granted, in turn with the messages that use it; what it sets is kept, or nothing when it fails. It has no message, sends nothing, calls no server and follows no link. Its time is the node’s, at most ${limits.sandboxClosingMs / 1000} s, and it holds nobody up longer. A failure is shown in the debug panel, with line and column, and changes nothing else; that panel and the log are gone when Millrace itself stops. What may be lost is fine for it: a last status, a note of when the node stopped, a clean-up of the context.`,
      '',
      '**Modules**: npm modules in pure JavaScript that the installation allows (`millrace modules` lists them), each with its name in the code: `dayjs` as `dayjs`, `lodash/groupBy` as `groupBy`. All of the node’s code finds them under that name; the value is the default export, else all exports. A module is loaded anew for each message whose code names it, so that nothing lasts in it either: what the code sets on it (`dayjs.extend(…)`, `dayjs.locale("ru")`) holds for that message, and setup code sets nothing for messages. Loading takes time: some 0.02 ms for dayjs, 4 ms for all of lodash, so name the part that you need. What works only in Node, changes prototypes or makes code from text fails, most often at the deploy.',
      '',
      '**Calls to servers** give the code `fetch(address, { method, headers, body, redirect, signal })` with `Response`, `Headers`, `AbortController` and `AbortSignal.timeout(ms)`, much as browsers have them. A body is text, bytes or `URLSearchParams`; an answer is read whole with `text()`, `json()`, `bytes()` or `arrayBuffer()`, and a status such as 404 is no failure: look at `ok` and `status`. What cannot be called (a server or method that is not granted, a private address, too much) and what does not answer rejects with a `TypeError`, which the code may catch. Uncaught:',
      '',
      '| what happened | then |',
      '|---|---|',
      '| not granted, or a private address | the message’s failure |',
      '| the message’s only call, and the server cannot be reached | the server pauses; no attempt is used up |',
      '| no answer in time, connection cut, broken answer, and nothing was written before | tried again with growing waits, all of the code anew |',
      '| the same after a call that may have changed something (neither GET nor HEAD) | the outcome is unknown: the message is set aside, or tried again if **When the outcome of a call is unknown** says so |',
      '',
      `With this grant messages rest on disk before the code runs, and run independently of each other, up to the node’s concurrency. After a crash of Millrace, code that only reads runs again; with all methods the outcome is unknown. Each call that may change something carries an \`Idempotency-Key\` made of the message’s id and the call’s number, the same at each attempt, unless the code gives one of its own. The wait for answers is part of the message’s time; calls that read and that nobody awaits any more are broken off at its end, others are waited for. A message may make ${limits.sandboxFetchCallsMax} calls, send ${limits.sandboxFetchRequestBytes / MB} MB with them and get ${limits.sandboxFetchAnswerBytes / MB} MB with each answer.`,
      '',
      '**Calls by link** give the code `await node.linkcall("flow/node", message, { timeout: 5000 })`: the message begins a run at that **Link in** node, of this flow when only its id is given, and the call gives the message that **Link out** returns there. Dates and bytes go along. However often the code runs for a message, after a crash too, the same call begins one run and gets what that returned, for 24 hours. Without `timeout` it waits as long as the message has. What is not returned rejects with an `Error`; uncaught, a flow that is stopped or full makes messages wait here when it was the message’s only call, a call that took too long is tried again with growing waits, and a run that failed or ended without an answer is the message’s failure.',
      '',
      '**Try** under the settings (Ctrl Shift Enter) runs the code as it stands there on a message, in this sandbox: nothing is sent on, and what it sets in the context is shown and thrown away. Calls of GET and HEAD are made really, others and links are refused. In a message of your own a date is `{ "$date": "2026-01-31T10:00:00Z" }`, bytes are `{ "$bytes": "base64" }` and a big integer `{ "$bigint": "123" }`.',
      '',
      'Each message has its **time** (waiting included) and the node its **memory**. What goes beyond fails only that message; the next goes on. Failures name line and column of the code.',
    ].join('\n'),
    ru: [
      'Код получает сообщение в переменной `msg` и возвращает то, что пойдёт дальше:',
      '- `return msg` или любой объект — на первый выход; `return null` — сообщение здесь заканчивается;',
      '- `return [a, b]` — `a` на выход 1, `b` на выход 2, `null` — ничего;',
      '- `return [[a, b], c]` — `a` и `b` по очереди на выход 1, `c` на выход 2.',
      '',
      `**Сообщение** хранит то же, что JSON, а ещё даты, байты и большие целые: \`NaN\` становится \`null\`, \`Map\` и \`Set\` — \`{}\`, функции и \`undefined\` пропадают. На одно сообщение код может отправить ${limits.sandboxBodiesMax} сообщений, всего ${limits.sandboxOutputBytesMax / MB} МБ.`,
      '',
      '**Доступны**: `node.send`, `node.done`, `node.linkcall` (если разрешён), `node.log`, `node.warn`, `node.error`, `node.status`, `node.id`, `node.name`, `env.get("NAME")` (и `NR_NODE_ID`, `NR_NODE_NAME`, `NR_FLOW_ID`), `console.log`, `RED.util` (`cloneMessage`, `getMessageProperty`, `setMessageProperty`, `getObjectProperty`, `setObjectProperty`, `compareObjects`, `ensureString`, `ensureBuffer`, `generateId`), `await`, `setTimeout`, `Buffer`, `URL`, `URLSearchParams`, `TextEncoder`, `TextDecoder`, `structuredClone`, `btoa`, `atob`, `crypto` (`randomUUID`, `createHash`, `createHmac`, `timingSafeEqual`, `subtle.digest`; md5, sha1, sha2).',
      '',
      `В **журнале** показываются ${limits.sandboxLogsPerMessage} строк одного сообщения и ${limits.nodeLogsPerSecond} строк узла в секунду; сколько строк пропущено, сообщается.`,
      '',
      '**Как в Node-RED**: `node.error("текст", msg)` завершает сообщение ошибкой (оно уходит на выход ошибок или в узел catch), если ничего не отправлено; вызов заканчивается, когда код вернул результат и сработали его таймеры, либо по `node.done()`.',
      '',
      '**Не так, как в Node-RED**:',
      '- От сообщения к сообщению сохраняется только контекст: глобальные переменные у каждого свои, а встроенные объекты языка изменить нельзя. Поэтому после сбоя сообщение можно выполнить снова с тем же результатом.',
      '- `Date.now()` — время приёма сообщения, а `Math.random()`, `crypto.randomUUID()` и `crypto.randomBytes()` для одного и того же сообщения дают одно и то же. Они годятся для идентификаторов, но не для секретов.',
      '- Нет `process`, файлов и `eval`. Для баз данных есть узел sql-query. Вместо `require` и `import` — **Модули**.',
      '- `fetch` доступен, когда его разрешает **Вызовы серверов** в настройках, и только для указанных там серверов: см. ниже.',
      '- `context`, `flow` и `global` (`get`, `set`, `keys`, `update`) доступны, когда их разрешает **Контекст** в настройках: собственный узла, также потока или также всех потоков. Записанное кодом сохраняется вместе с тем, что он отправил, или не сохраняется вовсе при ошибке. Сообщения тогда идут по одному через все узлы с тем же контекстом, поэтому ни одно изменение не теряется, и всё содержимое передаётся коду с каждым сообщением: держите его небольшим. Ключ — путь (`"orders[0].sum"`), список ключей читается и записывается сразу, а функция обратного вызова вызывается тут же; хранилище одно, поэтому его имя не важно. `get` возвращает копию: запишите её снова через `set` или используйте `update("count", (n = 0) => n + 1)`.',
      '',
      '**TypeScript** — если так сказано в настройках: типы стираются построчно и при применении не проверяются. То, что порождает код (`enum`, `namespace`, `private` в параметрах конструктора, `<Type>value`), не принимается; указывается место.',
      '',
      '**Во время набора** имена и поля дополняются (Ctrl Space), типы `msg` берутся из предыдущих узлов и пришедших сообщений; наведение на имя показывает его тип, Ctrl Shift Space — тип имени или вызова у курсора, F8 ведёт к следующей пометке. В TypeScript помечается всё, что не подходит по типу, в JavaScript — только то, что не читается, и неизвестные имена. Код, который не читается, — ошибка узла, и перед применением об этом спрашивают; другие пометки применению не мешают.',
      '',
      '**Код подготовки** выполняется один раз, до первого сообщения, при применении или запуске потока. То, что в нём объявлено (`const rates = { … };`), код может читать по имени и не может изменить (запись туда ничего не делает): строки, числа, списки, простые объекты и регулярные выражения без `g` и `y`. Снаружи он ничего не меняет: в нём нет сообщений, контекста, промисов и таймеров, его часы стоят на 1970 годе, а случайные числа каждый раз одни и те же. Иначе нельзя: он выполняется снова всякий раз, когда песочница создаётся заново. Ему отведена секунда.',
      '',
      `**Код завершения** выполняется один раз, когда узел останавливается, как **On Stop** в Node-RED: когда поток остановлен или удалён, когда применение изменило, отключило или убрало узел и когда Millrace завершают обычным образом; применение, не меняющее узел, его не останавливает. К этому времени последнее сообщение узла обработано — если только Millrace не завершают, а сообщение длится дольше отведённого на это. После принудительного завершения или отключения питания не выполняется ничего, поэтому не поручайте ему обязательного. Ему доступно то же, что и коду, время остановки, объявленное в коде подготовки и разрешённый контекст — по очереди с сообщениями, которые его используют; записанное сохраняется целиком, а при ошибке не сохраняется ничего. Сообщения в нём нет, он ничего не отправляет, не вызывает серверы и не переходит по ссылкам. Его время — время узла, но не больше ${limits.sandboxClosingMs / 1000} с, и дольше он никого не задерживает. Ошибка показывается в панели отладки со строкой и позицией и больше ни на что не влияет; при остановке самой Millrace ни панели, ни журнала уже нет. Для него годится то, что можно и потерять: последний статус, отметка о времени остановки, очистка контекста.`,
      '',
      '**Модули** — модули npm на чистом JavaScript, разрешённые в этой установке (их перечисляет `millrace modules`), каждый под своим именем в коде: `dayjs` как `dayjs`, `lodash/groupBy` как `groupBy`. Имя доступно всему коду узла; значение — экспорт по умолчанию, иначе все экспорты. Модуль загружается заново для каждого сообщения, код которого его назвал, поэтому и в нём ничего не сохраняется: заданное кодом (`dayjs.extend(…)`, `dayjs.locale("ru")`) действует для этого сообщения, а код подготовки для сообщений ничего не задаёт. Загрузка требует времени: около 0,02 мс для dayjs, 4 мс для всего lodash, поэтому указывайте нужную часть. То, что работает только в Node, меняет прототипы или порождает код из текста, завершится ошибкой, чаще всего уже при применении.',
      '',
      '**Вызовы серверов** дают коду `fetch(адрес, { method, headers, body, redirect, signal })` и с ним `Response`, `Headers`, `AbortController` и `AbortSignal.timeout(мс)` — почти как в браузере. Тело — текст, байты или `URLSearchParams`; ответ читается целиком через `text()`, `json()`, `bytes()` или `arrayBuffer()`, а статус вроде 404 не ошибка: смотрите `ok` и `status`. Недопустимый вызов (сервер или метод не разрешён, адрес частный, слишком много) и отсутствие ответа завершают промис ошибкой `TypeError`, которую код может обработать. Если не обработал:',
      '',
      '| что произошло | что дальше |',
      '|---|---|',
      '| не разрешено или адрес частный | ошибка сообщения |',
      '| единственный вызов сообщения, и сервер недоступен | сервер приостановлен; попытки не расходуются |',
      '| нет ответа вовремя, обрыв, повреждённый ответ, и до этого ничего не записано | повтор с растущими паузами, весь код заново |',
      '| то же после вызова, который мог что-то изменить (не GET и не HEAD) | исход неизвестен: сообщение откладывается или повторяется, если так задано в **Если исход вызова неизвестен** |',
      '',
      `С этим разрешением сообщения записываются на диск до выполнения кода и выполняются независимо друг от друга, не больше одновременно, чем задано у узла. После сбоя Millrace код, который только читает, выполняется снова; со всеми методами исход неизвестен. Каждый вызов, который может что-то изменить, несёт \`Idempotency-Key\` из id сообщения и номера вызова, одинаковый при каждой попытке, если код не задал свой. Ожидание ответов входит во время сообщения; вызовы чтения, которых уже никто не ждёт, в его конце прерываются, остальных дожидаются. На одно сообщение — ${limits.sandboxFetchCallsMax} вызовов, ${limits.sandboxFetchRequestBytes / MB} МБ в них и по ${limits.sandboxFetchAnswerBytes / MB} МБ в каждом ответе.`,
      '',
      '**Вызовы по ссылкам** дают коду `await node.linkcall("поток/узел", сообщение, { timeout: 5000 })`: сообщение начинает запуск у этого узла **Вход по ссылке** (своего потока, если указан только id), и вызов возвращает то, что вернёт там **Выход по ссылке**. Даты и байты сохраняются. Сколько бы раз код ни выполнялся для сообщения, в том числе после сбоя, один и тот же вызов начинает один запуск и в течение 24 часов получает его ответ. Без `timeout` он ждёт столько, сколько есть у сообщения. Если сообщение не вернулось, вызов завершается ошибкой `Error`; если код её не обработал, то: при остановленном или заполненном потоке сообщения ждут здесь (когда это единственный вызов сообщения), слишком долгий вызов повторяется с растущими паузами, а запуск с ошибкой или без ответа — ошибка сообщения.',
      '',
      '**Проба** под настройками (Ctrl Shift Enter) выполняет код в том виде, в каком он там стоит, на сообщении в этой песочнице: дальше ничего не отправляется, а записанное в контекст показывается и отбрасывается. Вызовы GET и HEAD делаются на самом деле, остальные не выполняются. В своём сообщении дата — `{ "$date": "2026-01-31T10:00:00Z" }`, байты — `{ "$bytes": "base64" }`, большое целое — `{ "$bigint": "123" }`.',
      '',
      'У каждого сообщения есть **время** (вместе с ожиданием), у узла — **память**. Превышение завершает ошибкой только это сообщение, следующие идут дальше. В ошибках указаны строка и позиция кода.',
    ].join('\n'),
  },
  keywords: ['javascript', 'js', 'typescript', 'ts', 'code', 'script', 'код', 'скрипт', 'программа'],
  // What a call to a server costs when it is made again; without a grant there is none. A call by a link begins no second run.
  replay: { when: { field: 'fetch', is: ['none'] }, then: { when: { field: 'links', is: [true] }, then: 'idempotent', else: 'pure' }, else: { when: { field: 'fetch', is: ['read'] }, then: 'idempotent', else: 'external' } },
  tryable: true,
  config: {
    code: field.code({ en: 'Code', ru: 'Код' }, 'javascript', { default: 'return msg;', languageField: 'language', setupField: 'setup', modulesField: 'modules' }),
    language: field.choice({ en: 'Language', ru: 'Язык' }, [{ value: 'javascript', title: { en: 'JavaScript', ru: 'JavaScript' } }, { value: 'typescript', title: { en: 'TypeScript', ru: 'TypeScript' } }], {
      default: 'javascript', advanced: true,
      help: { en: 'Types are erased before the code runs. The editor checks them, a deploy does not.', ru: 'Типы стираются перед выполнением. Редактор их проверяет, при применении они не проверяются.' },
    }),
    setup: field.code({ en: 'Setup code', ru: 'Код подготовки' }, 'javascript', {
      default: '', advanced: true, languageField: 'language', isSetup: true, modulesField: 'modules',
      help: {
        en: 'Runs once before the first message. The code may read what it declares: texts, numbers, lists, plain objects, regular expressions.',
        ru: 'Выполняется один раз до первого сообщения. Код может читать то, что здесь объявлено: строки, числа, списки, простые объекты, регулярные выражения.',
      },
    }),
    closing: field.code({ en: 'Closing code', ru: 'Код завершения' }, 'javascript', {
      default: '', advanced: true, languageField: 'language', setupField: 'setup', isClosing: true, modulesField: 'modules',
      help: {
        en: 'Runs once when the node stops: when its flow or Millrace is stopped, or a deploy changes or removes the node.',
        ru: 'Выполняется один раз, когда узел останавливается: при остановке потока или Millrace, а также если применение изменило или убрало узел.',
      },
    }),
    modules: field.list({ en: 'Modules', ru: 'Модули' }, field.record({ en: 'Module', ru: 'Модуль' }, {
      module: field.text({ en: 'Module', ru: 'Модуль' }, { required: true, placeholder: 'dayjs', dynamic: [], suggest: 'modules' }),
      name: field.text({ en: 'Name in the code', ru: 'Имя в коде' }, { dynamic: [] }),
    }), {
      default: [], advanced: true,
      help: {
        en: 'npm modules that the installation allows. Without a name the last part of the module’s is taken: iconvLite for iconv-lite.',
        ru: 'Модули npm, разрешённые в этой установке. Без имени берётся последняя часть имени модуля: iconvLite для iconv-lite.',
      },
    }),
    outputs: field.integer({ en: 'Outputs', ru: 'Выходы' }, { default: 1, min: 0, max: limits.sandboxOutputsMax, dynamic: [] }),
    context: field.choice({ en: 'Context', ru: 'Контекст' }, [
      { value: 'none', title: { en: 'None', ru: 'Нет' } }, { value: 'node', title: { en: 'Of this node', ru: 'Этого узла' } },
      { value: 'flow', title: { en: 'Of the flow', ru: 'Потока' } }, { value: 'global', title: { en: 'Of all flows', ru: 'Всех потоков' } },
    ], {
      default: 'none', advanced: true,
      help: { en: 'What the code may keep from message to message. With it messages go one at a time.', ru: 'Что код может хранить от сообщения к сообщению. С ним сообщения идут по одному.' },
    }),
    fetch: field.choice({ en: 'Calls to servers', ru: 'Вызовы серверов' }, [
      { value: 'none', title: { en: 'None', ru: 'Нет' } }, { value: 'read', title: { en: 'Only reading: GET and HEAD', ru: 'Только чтение: GET и HEAD' } }, { value: 'all', title: { en: 'With all methods', ru: 'Все методы' } },
    ], {
      default: 'none', advanced: true,
      help: { en: 'Gives the code fetch. Messages then rest on disk before the code runs, because what it calls cannot be taken back.', ru: 'Даёт коду fetch. Тогда сообщения записываются на диск до выполнения кода: сделанные вызовы нельзя отменить.' },
    }),
    hosts: field.list({ en: 'Servers that it may call', ru: 'Серверы, к которым он может обращаться' }, field.text({ en: 'Server', ru: 'Сервер' }, { required: true, dynamic: ['$env'], pattern: HOST, placeholder: 'api.example.com' }), {
      default: [], advanced: true, visible: { field: 'fetch', not: ['none'] },
      help: { en: 'api.example.com, *.example.com, https://api.example.com:8443. Redirects stay within them.', ru: 'api.example.com, *.example.com, https://api.example.com:8443. Перенаправления за их пределы не выполняются.' },
    }),
    links: field.boolean({ en: 'Calls by link', ru: 'Вызовы по ссылкам' }, {
      default: false, advanced: true,
      help: { en: 'Gives the code node.linkcall. Messages then rest on disk before the code runs.', ru: 'Даёт коду node.linkcall. Тогда сообщения записываются на диск до выполнения кода.' },
    }),
    timeout: field.duration({ en: 'Time for one message', ru: 'Время на сообщение' }, {
      default: `${limits.sandboxTimeoutMs}ms`, advanced: true, dynamic: ['$env'],
      help: {
        en: `Waiting included. At most ${limits.sandboxTimeoutMaxMs / 1000} seconds, of which the code may compute for ${limits.sandboxCpuMs / 1000}.`,
        ru: `Вместе с ожиданием. Не больше ${limits.sandboxTimeoutMaxMs / 1000} секунд, из них вычислять код может ${limits.sandboxCpuMs / 1000}.`,
      },
    }),
    memory: field.size({ en: 'Memory', ru: 'Память' }, {
      default: `${limits.sandboxMemoryMb}MB`, advanced: true,
      help: { en: `From ${MEMORY_MIN_MB} to ${limits.sandboxMemoryMaxMb} MB.`, ru: `От ${MEMORY_MIN_MB} до ${limits.sandboxMemoryMaxMb} МБ.` },
    }),
  },
  state: ({ context }) => scopesOf(String(context)).at(-1),
  outputs: { fixed: {}, dynamic: { count: 'outputs', prefix: 'out' } },
  failures: {
    'function.syntax': { en: 'The code cannot be read.', ru: 'Код не читается.' },
    'function.setup': { en: 'The setup code cannot be read, or it failed.', ru: 'Код подготовки не читается или завершился ошибкой.' },
    'function.closing': { en: 'The closing code cannot be read, or it failed.', ru: 'Код завершения не читается или завершился ошибкой.' },
    'function.modules': { en: 'A module is not allowed or not installed, cannot be bundled, or failed when it was loaded.', ru: 'Модуль не разрешён или не установлен, не собирается или завершился ошибкой при загрузке.' },
    'function.threw': { en: 'The code threw an error, or called node.error with the message.', ru: 'Код завершился ошибкой или вызвал node.error с сообщением.' },
    'function.result': { en: 'What the code sent is not a message: it must be an object that JSON can hold.', ru: 'Код отправил не сообщение: нужен объект, представимый в JSON.' },
    'function.timeout': { en: 'The code did not end in time.', ru: 'Код не завершился вовремя.' },
    'function.memory': { en: 'The code needed more memory than it may have.', ru: 'Коду понадобилось больше памяти, чем разрешено.' },
    'function.output-too-large': { en: 'The code sent more for one message than is allowed.', ru: 'Код отправил для одного сообщения больше, чем разрешено.' },
    'function.fetch-grant': { en: 'The servers that the code may call cannot be read from the settings.', ru: 'Список разрешённых серверов в настройках не читается.' },
    'function.fetch-refused': { en: 'The code called what it may not: a server or method that is not granted, a private address, or more than is allowed for one message.', ru: 'Код сделал недопустимый вызов: сервер или метод не разрешён, адрес частный или превышены пределы для сообщения.' },
    'function.fetch-failed': { en: 'A server that the code called did not answer as it should, and the code did not catch that.', ru: 'Сервер, вызванный кодом, не ответил как следует, и код не обработал это.' },
    'function.fetch-interrupted': { en: 'The sandbox ended while the code was calling servers; what they did is not known.', ru: 'Песочница завершилась, когда код обращался к серверам; что они сделали, неизвестно.' },
    'function.link-refused': { en: 'The code followed a link although the settings do not allow it.', ru: 'Код перешёл по ссылке, хотя настройки этого не разрешают.' },
    'function.link-failed': { en: 'A flow that the code called by a link did not return a message, and the code did not catch that.', ru: 'Поток, вызванный кодом по ссылке, не вернул сообщения, и код не обработал это.' },
    'function.crashed': { en: 'The code ended the sandbox’s process.', ru: 'Код завершил процесс песочницы.' },
  },
  examples: [
    {
      name: 'adds up an order', config: { code: EXAMPLE_CODE },
      given: [{ payload: { name: ' Anna ', items: [{ price: 120, quantity: 2 }, { price: 300, quantity: 1 }] }, topic: 'orders' }],
      emits: { 'out-1': [{ payload: { name: 'Anna', total: 540 }, topic: 'orders' }] },
    },
    {
      name: 'two outputs', config: { code: 'return msg.payload >= 100 ? [msg, null] : [null, msg];', outputs: 2 }, given: [{ payload: 250 }, { payload: 5 }],
      emits: { 'out-1': [{ payload: 250 }], 'out-2': [{ payload: 5 }] },
    },
    {
      name: 'one message for each item, later', config: { code: 'for (const item of msg.payload) {\n  await new Promise((next) => setTimeout(next, 5));\n  node.send({ payload: item, topic: msg.topic });\n}' },
      given: [{ payload: ['a', 'b'], topic: 'letters' }], emits: { 'out-1': [{ payload: 'a', topic: 'letters' }, { payload: 'b', topic: 'letters' }] },
    },
    { name: 'a count', config: { code: 'const count = (context.get("count") ?? 0) + 1;\ncontext.set("count", count);\nmsg.payload = count;\nreturn msg;', context: 'node' }, given: [{ payload: 'a' }], emits: { 'out-1': [{ payload: 1 }] } },
    { name: 'TypeScript', config: { language: 'typescript', code: 'interface Item { price: number; quantity: number }\nconst items = msg.payload as Item[];\nmsg.payload = items.reduce((sum: number, { price, quantity }) => sum + price * quantity, 0);\nreturn msg;' }, given: [{ payload: [{ price: 120, quantity: 2 }] }], emits: { 'out-1': [{ payload: 240 }] } },
    { name: 'a table made once', config: { setup: 'const rates = { EUR: 1, USD: 0.9 };', code: 'msg.payload = msg.payload * rates[msg.currency];\nreturn msg;' }, given: [{ payload: 10, currency: 'USD' }], emits: { 'out-1': [{ payload: 9, currency: 'USD' }] } },
    {
      name: 'asks a server', config: { fetch: 'read', hosts: ['echo.test'], code: 'const answer = await fetch(`https://echo.test/rates/${msg.currency}`);\nif (!answer.ok) throw new Error(`there are no rates: ${answer.status}`);\nmsg.payload = await answer.json();\nreturn msg;' },
      given: [{ currency: 'EUR' }], emits: { 'out-1': [{ payload: { method: 'GET', path: '/rates/EUR' }, currency: 'EUR' }] },
    },
    { name: 'calls another flow', config: { links: true, code: 'const { payload } = await node.linkcall("orders/prices", { payload: msg.sku });\nmsg.price = payload;\nreturn msg;' }, given: [{ sku: 'A-1' }], emits: { 'out-1': [{ sku: 'A-1', price: 'A-1' }] } },
    { name: 'an error in the code', config: { code: 'msg.payload = msg.payload.items.length;\nreturn msg;' }, given: [{ payload: {} }], fails: 'function.threw' },
  ],
  async prepare(config, host): Promise<Opened> {
    const common: Omit<SandboxProgram, 'code' | 'outputs'> = {
      setup: config.setup, modules: config.modules.map(({ module, name }) => ({ module, name: name ?? moduleName(module) })), language: config.language, env: host.env, flow: host.flow.id, node: { id: host.node.id, name: host.node.name },
      timeoutMs: within(config.timeout, 1, limits.sandboxTimeoutMaxMs), memoryMb: within(Math.round(config.memory / MB), MEMORY_MIN_MB, limits.sandboxMemoryMaxMb),
    };
    const code = await host.sandbox.open({
      ...common, code: config.code, outputs: config.outputs,
      ...(config.fetch !== 'none' && { fetch: { hosts: config.hosts, methods: config.fetch } }), ...(config.links && { links: true }),
    });
    if (config.closing.trim() === '') return { code };
    try {
      return { code, closing: await host.sandbox.open({ ...common, code: config.closing, outputs: 0, isClosing: true, timeoutMs: Math.min(common.timeoutMs, limits.sandboxClosingMs) }) };
    } catch (error) {
      await code.close();
      throw error;
    }
  },
  async stop(context) {
    const { closing } = context.prepared;
    if (!closing) return;
    const nowMs = context.clock.now();
    const state = stateOf(context);
    const [result] = await closing.call([{ id: `${context.flow.id}/${context.node.id} stops at ${nowMs}`, nowMs, body: {}, ...(state && { state }) }]);
    const told = result && outcome(result, context);
    if (told instanceof NodeFailure) throw told;
  },
  dispose: async ({ code, closing }) => { await Promise.all([code.close(), closing?.close()]); },
  async batch(messages, contexts) {
    const opened: Opened | undefined = contexts[0]?.prepared;
    if (!opened) return [];
    const results = await opened.code.call(messages.map((body, index) => new Crossing(contexts[index], body)));
    return results.map((result, index) => outcome(result, contexts[index]));
  },
  fuse(row, { sandbox }) {
    const fused = sandbox.fuse(row.map((each) => ('code' in each ? each.code : each)));
    return fused && {
      call: async (messages, contexts, traced) => {
        const results = await fused.call(messages.map((body, index) => new Crossing(contexts[index] as Context, body, traced[index])));
        return results.map((result) => result && { stage: result.stage, results: result.results.map((read) => read && ((message, context) => outcome(read(message), context as Context))) });
      },
      close: () => fused.close(),
    };
  },
});

const within = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** The code of the messages, and that of the node's end when it has one. */
interface Opened { readonly code: SandboxFunction; readonly closing?: SandboxFunction }

interface Grants { readonly context: string; readonly fetch: 'none' | 'read' | 'all'; readonly links: boolean }
type Context = NodeContext<Grants, Opened>;
/** Of a message, or of the node's end. */
type AnyContext = Pick<StopContext<Grants, Opened>, 'config' | 'state' | 'log' | 'status'>;

/** A message on its way in. Its id is made only where the code asks for it. */
class Crossing implements SandboxMessage {
  readonly nowMs: number;
  readonly body: Body;
  readonly traced: boolean;
  readonly state?: SandboxState;
  readonly net?: SandboxNet;
  readonly #context: Context | undefined;

  constructor(context: Context | undefined, body: Body, traced = false) {
    this.#context = context;
    this.nowMs = context?.envelope.receivedAt ?? 0;
    this.body = body;
    this.traced = traced;
    const state = stateOf(context);
    if (state) this.state = state;
    if (context && (context.config.links || context.config.fetch !== 'none')) {
      this.net = { ...(context.config.fetch !== 'none' && { fetch: context.fetch }), ...(context.config.links && { links: context.links }), key: context.idempotencyKey, signal: context.signal };
    }
  }
  get id(): string { return this.#context?.envelope.id ?? ''; }
}

const SCOPES = ['node', 'flow', 'global'] as const;
/** A grant holds the narrower scopes too. */
const scopesOf = (grant: string): readonly StateScope[] => SCOPES.slice(0, SCOPES.findIndex((scope) => scope === grant) + 1);

function stateOf(context: AnyContext | undefined): SandboxState | undefined {
  const scopes = scopesOf(context?.config.context ?? 'none');
  if (!context || scopes.length === 0) return undefined;
  const valuesOf = (view: StateView) => Object.fromEntries(view.keys().map((key) => [key, view.get(key)]));
  return Object.fromEntries(scopes.map((scope) => [scope, valuesOf(context.state[scope])]));
}

function outcome(result: SandboxResult, context: AnyContext | undefined): HandlerResult | NodeFailure {
  for (const { level, text, leftOut } of result.logs) context?.log[level === 'log' ? 'info' : level](text, leftOut === undefined ? undefined : { leftOut });
  if ('failure' in result) {
    const { code, text, retry = code === 'sandbox.unavailable' ? 'backoff' : 'never', ...more } = result.failure;
    return new NodeFailure(code, text, { ...more, retry });
  }
  if (result.status) context?.status(result.status.kind, { en: result.status.text, ru: result.status.text });
  try {
    for (const { scope, key, value } of result.writes ?? []) context?.state[scope].set(key, value);
  } catch (error) {
    if (error instanceof NodeFailure) return error;
    throw error;
  }
  return bodiesByPort(result.outputs);
}

const NAMES: string[] = [];
/** Made once: this runs for every message. */
const portOf = (index: number): string => (NAMES[index] ??= `out-${index + 1}`);

/** One by the first output leaves as it is: it may go on alone. */
function bodiesByPort(outputs: readonly (readonly Body[])[]): Body | ToPorts | undefined {
  const [first] = outputs;
  if (first === undefined) return undefined;
  if (outputs.length === 1 && first.length === 1) return first[0];
  if (outputs.length === 1) return toPorts({ 'out-1': first });
  const ports: { [port: string]: readonly Body[] } = {};
  outputs.forEach((bodies, index) => { if (bodies.length > 0) ports[portOf(index)] = bodies; });
  return toPorts(ports);
}
