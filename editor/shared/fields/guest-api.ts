import type { Text } from '../../../runtime/flow/flow.ts';

/** What the code of a function node finds: path, how it is called, and one line on it. */
interface GuestName { readonly path: string; readonly detail?: string; readonly about: Text }

const name = (path: string, detail: string, [en, ru]: readonly [en: string, ru: string]): GuestName => ({ path, ...(detail !== '' && { detail }), about: { en, ru } });

const contextNames = (of: string, en: string, ru: string): readonly GuestName[] => [
  name(`${of}.get`, '(key)', [`A value of the context ${en}; undefined when there is none.`, `Значение контекста ${ru}; undefined, если его нет.`]),
  name(`${of}.set`, '(key, value)', [`Keeps a value in the context ${en}, written with what the code sends.`, `Сохраняет значение в контексте ${ru} вместе с тем, что код отправил.`]),
  name(`${of}.keys`, '()', [`Names of all values of the context ${en}.`, `Имена всех значений контекста ${ru}.`]),
  name(`${of}.update`, '(key, change)', [`Keeps what change makes of the value in the context ${en}.`, `Сохраняет то, что change делает из значения контекста ${ru}.`]),
];

export const guestNames: readonly GuestName[] = [
  name('msg', '', ['The message. Return it, or another record, to send it on.', 'Сообщение. Верните его или другую запись, чтобы отправить дальше.']),
  name('msg.payload', '', ['What the message is about, by convention.', 'Содержание сообщения, по соглашению.']),
  name('msg.topic', '', ['What kind of message it is, by convention.', 'Вид сообщения, по соглашению.']),
  name('node.send', '(msg)', ['Sends messages before the code has ended; an array has one entry for each output.', 'Отправляет сообщения до конца кода; в массиве — по элементу на выход.']),
  name('node.done', '(error?)', ['Ends the call, also while timers are waiting.', 'Завершает вызов, даже если таймеры ещё ждут.']),
  name('node.log', '(text)', ['Writes a line to the log.', 'Пишет строку в журнал.']),
  name('node.warn', '(text)', ['Writes a warning to the log.', 'Пишет предупреждение в журнал.']),
  name('node.error', '(text, msg?)', ['Writes an error to the log; with msg the message fails.', 'Пишет ошибку в журнал; с msg сообщение завершается ошибкой.']),
  name('node.status', '({ fill, text })', ['Shows a short text at the card; fill is red, green, yellow or blue.', 'Показывает короткий текст на карточке; fill — red, green, yellow или blue.']),
  name('node.id', '', ['Id of this node.', 'Id этого узла.']),
  name('node.name', '', ['Name of this node.', 'Имя этого узла.']),
  name('node.outputCount', '', ['How many outputs the node has.', 'Сколько у узла выходов.']),
  name('env.get', "('NAME')", ['A value of the environment that the flow declares.', 'Значение окружения, объявленного потоком.']),
  ...contextNames('context', 'of this node', 'этого узла'), ...contextNames('flow', 'of the flow', 'потока'), ...contextNames('global', 'of all flows', 'всех потоков'),
  name('RED.util.cloneMessage', '(msg)', ['A copy that shares nothing with the message.', 'Копия, у которой нет ничего общего с сообщением.']),
  name('RED.util.generateId', '()', ['An id of 16 characters, the same at each attempt.', 'Идентификатор из 16 символов, одинаковый при каждой попытке.']),
  name('RED.util.getMessageProperty', '(msg, path)', ['The value at a path of the message.', 'Значение по пути в сообщении.']),
  name('RED.util.setMessageProperty', '(msg, path, value)', ['Sets the value at a path of the message.', 'Задаёт значение по пути в сообщении.']),
  name('RED.util.getObjectProperty', '(object, path)', ['The value at a path of an object.', 'Значение по пути в объекте.']),
  name('RED.util.setObjectProperty', '(object, path, value)', ['Sets the value at a path of an object.', 'Задаёт значение по пути в объекте.']),
  name('Buffer.from', '(value, encoding?)', ['Bytes of a text, an array or other bytes.', 'Байты текста, массива или других байтов.']),
  name('Buffer.alloc', '(size)', ['So many bytes of zero.', 'Столько нулевых байтов.']),
  name('Buffer.concat', '(parts)', ['Several buffers as one.', 'Несколько буферов одним.']),
  name('Buffer.byteLength', '(text)', ['How many bytes a text takes.', 'Сколько байтов занимает текст.']),
  name('Buffer.isBuffer', '(value)', ['Whether a value is a buffer.', 'Является ли значение буфером.']),
  name('Buffer.compare', '(a, b)', ['The order of two buffers: -1, 0 or 1.', 'Порядок двух буферов: -1, 0 или 1.']),
  name('URL', '(text, base?)', ['new URL: an address in its parts.', 'new URL: адрес по частям.']),
  name('URL.canParse', '(text)', ['Whether a text is an address.', 'Является ли текст адресом.']),
  name('URLSearchParams', '(init)', ['new URLSearchParams: the query of an address.', 'new URLSearchParams: параметры адреса.']),
  name('crypto.randomUUID', '()', ['A UUID, the same at each attempt: for ids, not for secrets.', 'UUID, одинаковый при каждой попытке: для идентификаторов, не для секретов.']),
  name('crypto.randomBytes', '(size)', ['Bytes, the same at each attempt: not for secrets.', 'Байты, одинаковые при каждой попытке: не для секретов.']),
  name('crypto.randomInt', '(min, max)', ['A whole number from min on and below max.', 'Целое число от min и меньше max.']),
  name('crypto.createHash', "('sha256')", ['A hash: update(data).digest("hex").', 'Хеш: update(data).digest("hex").']),
  name('crypto.createHmac', "('sha256', key)", ['A keyed hash: update(data).digest("hex").', 'Хеш с ключом: update(data).digest("hex").']),
  name('crypto.timingSafeEqual', '(a, b)', ['Whether two buffers are equal, always in the same time.', 'Равны ли два буфера; время сравнения всегда одно.']),
  name('console.log', '(...values)', ['Writes a line to the log.', 'Пишет строку в журнал.']),
  name('structuredClone', '(value)', ['A copy that shares nothing with the value.', 'Копия, у которой нет ничего общего со значением.']),
];
