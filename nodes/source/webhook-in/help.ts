import type { Text } from '../../../runtime/sdk/index.ts';

export const help: Text = {
  en: `Serves \`/hook\` and the path. Each request becomes a message:

- \`payload\`: JSON as its value; a form as a record (a repeated name becomes a list, \`a[b]\` nests); text as text; anything else as bytes. Without a body, GET and DELETE give their query.
- \`files\`: files of a multipart form, each with \`field\`, \`name\`, \`type\`, \`size\`, \`bytes\`.
- \`request\`: \`method\`, \`path\`, \`params\`, \`query\`, \`headers\`, \`remote\`. Credentials and cookies are left out.

**Answers.** 202 with \`runId\` (also in the header X-Run-Id) as soon as the message is on disk; in the waiting mode what an “HTTP response” node says, or 504 when it takes too long: the run goes on. Nothing is accepted on 400 (cannot be read; the place is named), 401 (check failed), 403 (page not allowed), 413 (too large), 415 (character set), 503 with Retry-After (the flow is full or stopped). Errors are in the language of Accept-Language, English or Russian.

**Repeats.** With an event id or an Idempotency-Key a repeat starts no second run: it gets 200 with the first run’s id and \`"duplicate": true\`. In the waiting mode the answer itself is kept for 24 hours: the repeat gets it again, 409 while the first is being worked on, 422 when the body differs.`,
  ru: `Обслуживает \`/hook\` и указанный путь. Каждый запрос становится сообщением:

- \`payload\`: JSON — значением; форма — записью (повторённое имя становится списком, \`a[b]\` вкладывается); текст — текстом; остальное — байтами. У GET и DELETE без тела — параметры запроса.
- \`files\`: файлы формы multipart, у каждого \`field\`, \`name\`, \`type\`, \`size\`, \`bytes\`.
- \`request\`: \`method\`, \`path\`, \`params\`, \`query\`, \`headers\`, \`remote\`. Учётные данные и cookie не передаются.

**Ответы.** 202 с \`runId\` (он же в заголовке X-Run-Id), как только сообщение записано на диск; в режиме ожидания — то, что скажет узел «Ответ HTTP», или 504, если ждать пришлось слишком долго: запуск продолжается. Ничего не принято при 400 (не читается, место указано), 401 (проверка не пройдена), 403 (странице запрещено), 413 (слишком велико), 415 (кодировка), 503 с Retry-After (поток заполнен или остановлен). Ошибки — на языке из Accept-Language, русском или английском.

**Повторы.** С id события или Idempotency-Key повтор не запускает поток второй раз: в ответ приходит 200 с id первого запуска и \`"duplicate": true\`. В режиме ожидания сам ответ хранится 24 часа: повтор получит его же, 409 — пока первый запрос обрабатывается, 422 — если тело другое.`,
};
