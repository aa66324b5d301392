import type { Json, Place, Problem, Text } from './flow/flow.ts';

/**
 * Codes of the runtime's own problems and failures, each declared once with what it means.
 * A node's own codes stand in the node's file. `ERRORS.md` beside this file is made from here.
 */

/** An expected failure of an operation, with what the caller may do. `code` is the contract; the text may improve. */
export class Failure extends Error {
  override name = 'Failure';
  readonly code: FailureCode;
  readonly text: Text;
  readonly fix: Text | undefined;
  readonly details: { readonly [name: string]: Json };
  readonly problems: readonly Problem[];

  constructor(code: FailureCode, text: Text, options: { readonly fix?: Text; readonly details?: { readonly [name: string]: Json }; readonly problems?: readonly Problem[]; readonly cause?: unknown } = {}) {
    super(text.en, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.text = text;
    this.fix = options.fix;
    this.details = options.details ?? {};
    this.problems = options.problems ?? [];
  }
}

/** What a code means and what to do about it, for the reference page. */
interface Explained { readonly means: Text; readonly fix: Text }

/** Failures of the runtime and its API; `status` is the HTTP answer. */
export const failureCodes = {
  'context.not-found': {
    status: 404,
    means: { en: 'There is no context value of this name.', ru: 'Значения контекста с таким именем нет.' },
    fix: { en: 'Look it up in the list of the scope; a node may have deleted it meanwhile.', ru: 'Найдите его в списке области; узел мог его тем временем удалить.' },
  },
  'flow.not-found': {
    status: 404,
    means: { en: 'There is no flow with this id.', ru: 'Потока с таким id нет.' },
    fix: { en: 'Look up the id in the list of flows; a deleted flow can be restored for 30 days.', ru: 'Найдите id в списке потоков; удалённый поток можно восстановить в течение 30 дней.' },
  },
  'flow.stale': {
    status: 412,
    means: { en: 'Somebody saved the flow after it was opened here.', ru: 'Поток сохранили после того, как его открыли здесь.' },
    fix: { en: 'Load the newest version and make the change again, or save a copy under another id.', ru: 'Загрузите новую версию и внесите изменение ещё раз или сохраните копию под другим id.' },
  },
  'flow.invalid': {
    status: 422,
    means: { en: 'The flow document has problems that keep it from being used.', ru: 'В документе потока есть ошибки, с которыми его нельзя использовать.' },
    fix: { en: 'Correct the problems that come with the answer; each names its place.', ru: 'Исправьте ошибки из ответа; у каждой указано место.' },
  },
  'flow.node-not-found': {
    status: 404,
    means: { en: 'The live revision of the flow has no node of this id.', ru: 'В работающей ревизии потока нет узла с таким id.' },
    fix: { en: 'Deploy the flow first, or look the id up in it.', ru: 'Сначала примените поток или уточните id узла.' },
  },
  'flow.not-live': {
    status: 409,
    means: { en: 'The flow is not deployed or is stopped.', ru: 'Поток не применён или остановлен.' },
    fix: { en: 'Deploy or start the flow first.', ru: 'Сначала примените или запустите поток.' },
  },
  'flow.id': {
    status: 422,
    means: { en: 'The id cannot be a flow id, or differs from the one in the address.', ru: 'Такой id не подходит потоку или отличается от id в адресе.' },
    fix: { en: 'Use small Latin letters, digits and dashes, starting with a letter.', ru: 'Используйте строчные латинские буквы, цифры и дефисы, начиная с буквы.' },
  },
  'flow.never-deployed': {
    status: 409,
    means: { en: 'The flow has no revision that could run.', ru: 'У потока нет ревизии, которую можно запустить.' },
    fix: { en: 'Deploy its draft first.', ru: 'Сначала примените его черновик.' },
  },
  'flow.file-broken': {
    status: 409,
    means: { en: 'The flow’s file was changed on disk and cannot be read, so it is neither deployed nor written over.', ru: 'Файл потока изменён на диске и не читается, поэтому его нельзя ни применить, ни перезаписать.' },
    fix: { en: 'Correct the file at the places that the problems name, or restore it; it is read again as soon as it changes.', ru: 'Исправьте файл в указанных местах или восстановите его; он будет прочитан сразу после изменения.' },
  },
  'revision.not-found': {
    status: 404,
    means: { en: 'The flow has no revision of this number.', ru: 'У потока нет ревизии с таким номером.' },
    fix: { en: 'Look the number up in the flow’s list of revisions.', ru: 'Найдите номер в списке ревизий потока.' },
  },
  'files.read-only': {
    status: 403,
    means: { en: 'The flows folder cannot be written, so flows and connections can only be looked at and run.', ru: 'Папка потоков недоступна для записи: потоки и подключения можно только смотреть и запускать.' },
    fix: { en: 'Change the files where they come from, or give Millrace the right to write the folder.', ru: 'Измените файлы в их источнике или дайте Millrace право записи в папку.' },
  },
  'files.unavailable': {
    status: 500,
    means: { en: 'The flows folder could not be read or written.', ru: 'Папку потоков не удалось прочитать или записать.' },
    fix: { en: 'Check that the folder exists, its rights and the free space.', ru: 'Проверьте, что папка есть, её права и свободное место.' },
  },
  'connection.not-found': {
    status: 404,
    means: { en: 'The project has no connection of this name.', ru: 'В проекте нет подключения с таким именем.' },
    fix: { en: 'Create the connection, or choose another one.', ru: 'Создайте подключение или выберите другое.' },
  },
  'connection.stale': {
    status: 412,
    means: { en: 'Somebody saved the connection after it was opened here.', ru: 'Подключение сохранили после того, как его открыли здесь.' },
    fix: { en: 'Load the newest version and make the change again.', ru: 'Загрузите новую версию и внесите изменение ещё раз.' },
  },
  'connection.invalid': {
    status: 422,
    means: { en: 'The connection’s document does not have the form of a connection, or the name cannot be one.', ru: 'Документ не имеет формы подключения или имя не подходит.' },
    fix: { en: 'Correct the problems that come with the answer; each names its place.', ru: 'Исправьте ошибки из ответа; у каждой указано место.' },
  },
  'secret.not-found': {
    status: 404,
    means: { en: 'The project has no secret of this name.', ru: 'В проекте нет секрета с таким именем.' },
    fix: { en: 'Look the name up in the list of secrets.', ru: 'Найдите имя в списке секретов.' },
  },
  'secret.invalid': {
    status: 422,
    means: { en: 'The secret’s name or value cannot be stored.', ru: 'Имя или значение секрета нельзя сохранить.' },
    fix: { en: 'Name it with Latin letters, digits, dots, dashes and underscores; the value is a text that is not empty.', ru: 'В имени допустимы латинские буквы, цифры, точки, дефисы и подчёркивания; значение — непустой текст.' },
  },
  'secret.literal': {
    status: 422,
    means: { en: 'A secret field holds the secret itself. Documents never hold secrets, only their names.', ru: 'В поле секрета записан сам секрет. Документы не хранят секреты, только их имена.' },
    fix: { en: 'Store the value as a secret of the project and refer to it by { "$secret": "name" }.', ru: 'Сохраните значение как секрет проекта и сошлитесь на него: { "$secret": "имя" }.' },
  },
  'secret.unreadable': {
    status: 500,
    means: { en: 'A stored secret cannot be opened with the key that Millrace has.', ru: 'Сохранённый секрет не открывается ключом, который есть у Millrace.' },
    fix: { en: 'Start with the key it was stored with (MILLRACE_SECRET_KEY, or the file secret.key from a backup of the data folder), or set the secret again.', ru: 'Запустите Millrace с тем ключом, с которым секрет сохраняли (MILLRACE_SECRET_KEY или файл secret.key из копии папки данных), или задайте секрет заново.' },
  },
  'secret.key-invalid': {
    status: 500,
    means: { en: 'The key for secrets cannot be used.', ru: 'Ключ для секретов непригоден.' },
    fix: { en: 'MILLRACE_SECRET_KEY is 32 bytes in base64 or hex, or a passphrase of at least 16 characters. A key file is restored from a backup; without one, delete it and set all secrets again.', ru: 'MILLRACE_SECRET_KEY — это 32 байта в base64 или hex либо фраза не короче 16 знаков. Файл ключа восстанавливают из копии; если копии нет, удалите его и задайте все секреты заново.' },
  },
  'network.setting-invalid': {
    status: 500,
    means: { en: 'A setting about networks that may be called cannot be read.', ru: 'Настройка сетей, к которым разрешены вызовы, не читается.' },
    fix: { en: 'MILLRACE_ALLOWED_NETWORKS is a list of addresses and networks such as 10.1.0.0/16, with commas between them; MILLRACE_PRIVATE_NETWORKS is allowed or forbidden.', ru: 'MILLRACE_ALLOWED_NETWORKS — список адресов и сетей вида 10.1.0.0/16 через запятую; MILLRACE_PRIVATE_NETWORKS — allowed или forbidden.' },
  },
  'env.invalid': {
    status: 422,
    means: { en: 'The environment value’s name or value cannot be stored.', ru: 'Имя или значение переменной окружения нельзя сохранить.' },
    fix: { en: 'Name it with Latin letters, digits and underscores, not starting with a digit; the value is JSON.', ru: 'В имени допустимы латинские буквы, цифры и подчёркивания, первой не может быть цифра; значение — JSON.' },
  },
  'env.not-found': {
    status: 404,
    means: { en: 'The project has no environment value of this name.', ru: 'В проекте нет переменной окружения с таким именем.' },
    fix: { en: 'Look the name up in the list.', ru: 'Найдите имя в списке.' },
  },
  'hook.not-found': {
    status: 404,
    means: { en: 'No webhook node serves this path.', ru: 'Ни один узел webhook не обслуживает этот путь.' },
    fix: { en: 'Compare the path with the node and see whether its flow is deployed.', ru: 'Сверьте путь с узлом и проверьте, применён ли его поток.' },
  },
  'hook.method': {
    status: 405,
    means: { en: 'The webhook at this path takes other methods.', ru: 'Webhook по этому пути принимает другие методы.' },
    fix: { en: 'Use a method that the Allow header names.', ru: 'Используйте метод из заголовка Allow.' },
  },
  'hook.too-large': {
    status: 413,
    means: { en: 'The body is larger than the webhook takes; nothing was accepted.', ru: 'Тело больше, чем принимает webhook; ничего не принято.' },
    fix: { en: 'Send less, or raise the size limit of the node.', ru: 'Отправьте меньше или увеличьте предел размера в узле.' },
  },
  'hook.failed': {
    status: 500,
    means: { en: 'Serving the request failed. Whether what it brought was accepted before is not known.', ru: 'При обработке запроса произошла ошибка. Было ли присланное до этого принято, неизвестно.' },
    fix: { en: 'Look at the runs, and at the log for the cause. Sending it again with the same event id or Idempotency-Key starts no second run.', ru: 'Посмотрите запуски, причину найдите в журнале. Повтор с тем же id события или Idempotency-Key не запустит поток второй раз.' },
  },
  'hook.stopped': {
    status: 503,
    means: { en: 'The webhook at this path belongs to a flow or node that does not run now: stopped, disabled, or unable to start. Nothing was accepted.', ru: 'Вебхук по этому пути принадлежит потоку или узлу, который сейчас не работает: остановлен, выключен или не может запуститься. Ничего не принято.' },
    fix: { en: 'Send it again after the time in Retry-After; start the flow.', ru: 'Отправьте снова через время из Retry-After; запустите поток.' },
  },
  'resume.unknown': {
    status: 404,
    means: { en: 'No message waits under this callback address, and none did in the last days.', ru: 'Под этим адресом обратного вызова не ждёт и в последние дни не ждало ни одно сообщение.' },
    fix: { en: 'See whether the address is complete.', ru: 'Проверьте, полон ли адрес.' },
  },
  'resume.used': {
    status: 409,
    means: { en: 'The callback address was used before; it works once.', ru: 'Адрес обратного вызова уже использован; он действует один раз.' },
    fix: { en: 'Nothing to do: the message went on at the first call.', ru: 'Делать ничего не нужно: сообщение пошло дальше при первом вызове.' },
  },
  'resume.stopped': {
    status: 503,
    means: { en: 'The flow whose message waits under this callback address does not run now. The message waits on.', ru: 'Поток, сообщение которого ждёт под этим адресом обратного вызова, сейчас не работает. Сообщение продолжает ждать.' },
    fix: { en: 'Call again after the time in Retry-After; start the flow.', ru: 'Вызовите снова через время из Retry-After; запустите поток.' },
  },
  'resume.expired': {
    status: 410,
    means: { en: 'The time within which the callback address works is over.', ru: 'Время действия адреса обратного вызова истекло.' },
    fix: { en: 'The message went on by “Nobody answered”; give the node a longer time.', ru: 'Сообщение пошло через «Никто не ответил»; задайте узлу большее время.' },
  },
  'try.not-possible': {
    status: 422,
    means: { en: 'Messages cannot be tried on a node of this type: it acts outside, waits for others, or starts runs.', ru: 'На узле этого типа нельзя пробовать сообщения: он действует вовне, ждёт других сообщений или начинает запуски.' },
    fix: { en: 'Deploy the flow and send a message in; a dry run of a recorded run repeats it without effects.', ru: 'Примените поток и отправьте сообщение; пробный повтор записанного запуска пройдёт без действий вовне.' },
  },
  'try.no-message': {
    status: 409,
    means: { en: 'No message has come to this node since it was deployed, and none was given.', ru: 'С момента применения к узлу не приходило сообщений, и в запросе его нет.' },
    fix: { en: 'Give a message as JSON.', ru: 'Задайте сообщение в виде JSON.' },
  },
  'try.too-large': {
    status: 413,
    means: { en: 'The message is larger than what can be tried.', ru: 'Сообщение больше, чем можно попробовать.' },
    fix: { en: 'Try a smaller message of the same form.', ru: 'Попробуйте сообщение меньшего размера того же вида.' },
  },
  'try.busy': {
    status: 503,
    means: { en: 'As many tries run already as may run at once.', ru: 'Одновременно уже выполняется столько проб, сколько разрешено.' },
    fix: { en: 'Try again when one of them has ended.', ru: 'Повторите, когда одна из них закончится.' },
  },
  'backup.running': {
    status: 409,
    means: { en: 'A backup is being made already; there is one at a time.', ru: 'Копия уже создаётся; одновременно создаётся только одна.' },
    fix: { en: 'Wait until it is done.', ru: 'Подождите, пока она будет готова.' },
  },
  'backup.no-room': {
    status: 507,
    means: { en: 'The disk of the data folder has no room for a backup.', ru: 'На диске папки данных нет места для копии.' },
    fix: { en: 'Move older backups away from the folder backups of the data folder, or free space otherwise.', ru: 'Уберите прежние копии из папки backups в папке данных или освободите место иначе.' },
  },
  'backup.failed': {
    status: 500,
    means: { en: 'A backup could not be made, and nothing of it is left.', ru: 'Копию создать не удалось, и от неё ничего не осталось.' },
    fix: { en: 'Remove what the message names, and make it again.', ru: 'Устраните названную причину и создайте копию заново.' },
  },
  'backup.damaged': {
    status: 422,
    means: { en: 'The folder is not a backup, was not finished, or was changed since.', ru: 'Папка не является копией, копия не закончена или изменена.' },
    fix: { en: 'Use another backup.', ru: 'Возьмите другую копию.' },
  },
  'backup.not-empty': {
    status: 409,
    means: { en: 'A backup is restored into an empty folder only.', ru: 'Копия восстанавливается только в пустую папку.' },
    fix: { en: 'Name a folder that is empty or does not exist.', ru: 'Укажите пустую или несуществующую папку.' },
  },
  'journal.damaged': {
    status: 503,
    means: { en: 'The journal was found damaged while it was in use: no message is taken and nothing more is done, so that nothing is lost silently.', ru: 'Журнал оказался повреждён во время работы: сообщения не принимаются и ничего больше не делается, чтобы ничего не потерялось незаметно.' },
    fix: { en: 'Stop Millrace, check the disk, then restore a backup or take out what is readable with millrace salvage.', ru: 'Остановите Millrace, проверьте диск, затем восстановите копию или извлеките читаемое командой millrace salvage.' },
  },
  'store.damaged': {
    status: 500,
    means: { en: 'The store’s file is damaged or is not a store.', ru: 'Файл хранилища повреждён или не является хранилищем.' },
    fix: { en: 'Put the file back from a backup of the data folder. Without one, move it away: Millrace then starts with an empty store, and the journal keeps its messages.', ru: 'Верните файл из копии папки данных. Если копии нет, уберите его: Millrace начнёт с пустого хранилища, а сообщения останутся в журнале.' },
  },
  'store.newer': {
    status: 500,
    means: { en: 'A newer Millrace wrote the store.', ru: 'Хранилище записал более новый Millrace.' },
    fix: { en: 'Start the newer version, or put back a backup from before the update.', ru: 'Запустите новую версию или верните копию, сделанную до обновления.' },
  },
  'store.unavailable': {
    status: 503,
    means: { en: 'The store’s file cannot be used now.', ru: 'Файлом хранилища сейчас нельзя пользоваться.' },
    fix: { en: 'Check the data folder’s path, rights and free space, and that no other program holds the file.', ru: 'Проверьте путь, права и свободное место папки данных и что файл не занят другой программой.' },
  },
  'request.json': {
    status: 400,
    means: { en: 'The request’s body is not JSON.', ru: 'Тело запроса — не JSON.' },
    fix: { en: 'Correct the body at the line and column that the answer names.', ru: 'Исправьте тело запроса в указанной строке и позиции.' },
  },
  'request.invalid': {
    status: 400,
    means: { en: 'A value in the request’s address, headers or body does not have the form that the API takes.', ru: 'Значение в адресе, заголовках или теле запроса не имеет нужной API формы.' },
    fix: { en: 'Compare the named place with /api/v1/openapi.json.', ru: 'Сверьте указанное место с /api/v1/openapi.json.' },
  },
  'request.version-missing': {
    status: 428,
    means: { en: 'The request does not say on which version its change builds.', ru: 'В запросе не сказано, на какой версии основано изменение.' },
    fix: { en: 'Send the header If-Match: "version" with the version that was read, or "0" to create.', ru: 'Отправьте заголовок If-Match: "версия" с прочитанной версией или "0", чтобы создать новое.' },
  },
  'request.type': {
    status: 415,
    means: { en: 'The body is declared as something else than JSON.', ru: 'Тело запроса объявлено не как JSON.' },
    fix: { en: 'Send the header Content-Type: application/json.', ru: 'Отправьте заголовок Content-Type: application/json.' },
  },
  'request.too-large': {
    status: 413,
    means: { en: 'The request’s body is larger than the API takes.', ru: 'Тело запроса больше, чем принимает API.' },
    fix: { en: 'Send less at once, for example fewer flows in one import.', ru: 'Отправляйте меньше за один раз, например меньше потоков за один импорт.' },
  },
  'request.too-deep': {
    status: 400,
    means: { en: 'The request’s body has more levels inside one another than the API takes.', ru: 'В теле запроса больше уровней вложенности, чем принимает API.' },
    fix: { en: 'Send plainer data: what can be kept as a message or a document has at most 200 levels.', ru: 'Отправьте более простые данные: сообщение или документ может иметь не больше 200 уровней.' },
  },
  'request.not-found': {
    status: 404,
    means: { en: 'The API has nothing at this address.', ru: 'По этому адресу у API ничего нет.' },
    fix: { en: 'Look the address up in /api/v1/openapi.json.', ru: 'Найдите адрес в /api/v1/openapi.json.' },
  },
  'request.method': {
    status: 405,
    means: { en: 'This address takes other methods.', ru: 'Этот адрес принимает другие методы.' },
    fix: { en: 'Use a method that the header Allow names.', ru: 'Используйте метод из заголовка Allow.' },
  },
  'request.host': {
    status: 403,
    means: { en: 'The request was sent to a name that is not this Millrace’s own, as a web page does that was rebound to this machine.', ru: 'Запрос отправлен на имя, которое не принадлежит этому Millrace: так поступает веб-страница, чьё имя перенаправили на эту машину.' },
    fix: { en: 'Open Millrace by the address that it prints at start, for example http://127.0.0.1:4880.', ru: 'Открывайте Millrace по адресу, который он выводит при запуске, например http://127.0.0.1:4880.' },
  },
  'request.origin': {
    status: 403,
    means: { en: 'The request comes from a web page of another site. Only webhooks can be called from elsewhere.', ru: 'Запрос пришёл с веб-страницы другого сайта. Извне можно вызывать только вебхуки.' },
    fix: { en: 'Use the editor at Millrace’s own address, or a program that is not a web page.', ru: 'Используйте редактор по адресу самого Millrace или программу, которая не является веб-страницей.' },
  },
  'runtime.bug': {
    status: 500,
    means: { en: 'Millrace failed in a way that it does not expect.', ru: 'В Millrace произошла непредвиденная ошибка.' },
    fix: { en: 'Look for the id of the answer in the log, and report what stands there.', ru: 'Найдите id из ответа в журнале и сообщите, что там записано.' },
  },
  'dead-letter.not-found': {
    status: 404,
    means: { en: 'There is no dead letter with this id.', ru: 'Недоставленного с таким id нет.' },
    fix: { en: 'Load the list again: it was resent or discarded, or its 90 days are over.', ru: 'Обновите список: его отправили снова или удалили, либо прошли 90 дней хранения.' },
  },
  'dead-letter.refused': {
    status: 409,
    means: { en: 'The dead letter cannot be resent now.', ru: 'Сейчас это недоставленное нельзя отправить снова.' },
    fix: { en: 'The message says why; usually the flow must be deployed with a node that takes it.', ru: 'Причина указана в сообщении; обычно нужно применить поток с узлом, который его примет.' },
  },
  'dead-letter.cut': {
    status: 422,
    means: { en: 'The message is larger than what can be edited here: only a part of it was shown.', ru: 'Сообщение больше, чем можно править здесь: показана только его часть.' },
    fix: { en: 'Resend it as it is, or discard it and send the corrected one from outside.', ru: 'Отправьте его без правки или удалите и отправьте исправленное снаружи.' },
  },
  'key.not-held': {
    status: 404,
    means: { en: 'Nothing holds this key at this node.', ru: 'Этот ключ в этом узле ничто не удерживает.' },
    fix: { en: 'Load the list of held keys again.', ru: 'Обновите список удерживаемых ключей.' },
  },
  'run.not-found': {
    status: 404,
    means: { en: 'Nothing is kept of this run.', ru: 'Об этом запуске ничего не хранится.' },
    fix: { en: 'Look for another one in the list; runs are kept for 14 days and sampled above a rate.', ru: 'Найдите другой в списке; запуски хранятся 14 дней, при большой частоте сохраняется выборка.' },
  },
  'run.cannot-replay': {
    status: 409,
    means: { en: 'The run cannot be repeated as asked.', ru: 'Запуск нельзя повторить так, как запрошено.' },
    fix: { en: 'The message says why; often another node to begin from helps.', ru: 'Причина указана в сообщении; часто помогает начать с другого узла.' },
  },
  'run.not-pending': {
    status: 409,
    means: { en: 'Nothing of this run is pending.', ru: 'От этого запуска ничего не ожидает.' },
    fix: { en: 'Nothing to do: it has ended.', ru: 'Делать ничего не нужно: он завершён.' },
  },
  'queue.full': {
    status: 503,
    means: { en: 'A wire has reached its limit and holds its feeders.', ru: 'Связь заполнена до предела и задерживает отправителей.' },
    fix: { en: 'Try again after the time that the answer names; look at what stands behind the full wire.', ru: 'Повторите через указанное в ответе время; посмотрите, что стоит за заполненной связью.' },
  },
} as const satisfies Record<string, Explained & { readonly status: number }>;
export type FailureCode = keyof typeof failureCodes;

/** Problems found in documents. */
export const problemCodes = {
  'flow.json': {
    means: { en: 'The text is not JSON.', ru: 'Текст не является JSON.' },
    fix: { en: 'Correct the text at the line and column that the problem names.', ru: 'Исправьте текст в указанной строке и позиции.' },
  },
  'flow.shape': {
    means: { en: 'The document does not have the form of a flow.', ru: 'Документ не имеет формы потока.' },
    fix: { en: 'Compare the named place with docs/flow.md.', ru: 'Сверьте указанное место с docs/flow.md.' },
  },
  'flow.id': {
    means: { en: 'A name breaks the rule for names at this place.', ru: 'Имя не соответствует правилу для этого места.' },
    fix: { en: 'Node, port and connection names: lower-case Latin letters, digits and -, beginning with a letter.', ru: 'Имена узлов, портов и подключений: строчные латинские буквы, цифры и -; первой — буква.' },
  },
  'flow.duplicate-key': {
    means: { en: 'A key stands twice in one object of the text; only the last is read.', ru: 'Ключ стоит в одном объекте дважды; читается только последний.' },
    fix: { en: 'Rename or remove one of them.', ru: 'Переименуйте или удалите один из них.' },
  },
  'flow.number-rounded': {
    means: { en: 'A number has more digits than can be held exactly.', ru: 'В числе больше цифр, чем можно хранить точно.' },
    fix: { en: 'Write it as text in quotes.', ru: 'Запишите его текстом в кавычках.' },
  },
  'flow.duplicate-wire': {
    means: { en: 'Two wires connect the same two ports.', ru: 'Две связи соединяют одни и те же порты.' },
    fix: { en: 'Remove one of them.', ru: 'Удалите одну из них.' },
  },
  'flow.node-red': {
    means: { en: 'The document is a Node-RED flow.', ru: 'Документ — поток Node-RED.' },
    fix: { en: 'Draw the flow with nodes of the same purpose; the problem lists the types found.', ru: 'Соберите поток из узлов того же назначения; найденные типы перечислены в ошибке.' },
  },
  'flow.not-a-flow': {
    means: { en: 'The document is JSON of another kind.', ru: 'Документ — JSON другого вида.' },
    fix: { en: 'Choose a file that holds a flow, or use import for an export of several.', ru: 'Выберите файл с потоком; для экспорта нескольких потоков воспользуйтесь импортом.' },
  },
  'flow.newer-format': {
    means: { en: 'A newer Millrace wrote the flow.', ru: 'Поток записан более новой версией Millrace.' },
    fix: { en: 'Use a newer Millrace.', ru: 'Обновите Millrace.' },
  },
  'flow.unknown-type': {
    means: { en: 'The catalog has no node of this type. The other nodes run.', ru: 'В каталоге нет узла такого типа. Остальные узлы работают.' },
    fix: { en: 'Add the node type with --nodes, or replace the node.', ru: 'Добавьте тип узла через --nodes или замените узел.' },
  },
  'flow.earlier-revision': {
    means: { en: 'Runs of a pinned flow began on an earlier revision, and cannot go on there as they began.', ru: 'Запуски закреплённого потока начались на более ранней ревизии и не могут продолжаться там как начались.' },
    fix: { en: 'Wait for the end of these runs, cancel them, or let runs go on in the newest revision.', ru: 'Дождитесь конца этих запусков, отмените их или переведите запуски на новейшую ревизию.' },
  },
  'flow.needs-durable': {
    means: { en: 'A node that waits for somebody outside stands in a flow in memory mode, which forgets what waits when the process ends.', ru: 'Узел, ждущий кого-то снаружи, стоит в потоке с режимом памяти, который забывает ожидающее при завершении процесса.' },
    fix: { en: 'Set the flow’s delivery to durable.', ru: 'Включите для потока надёжную доставку.' },
  },
  'flow.newer-version': {
    means: { en: 'A newer version of the node type wrote this node.', ru: 'Узел записан более новой версией своего типа.' },
    fix: { en: 'Use a newer Millrace, or place the node anew.', ru: 'Обновите Millrace или добавьте узел заново.' },
  },
  'flow.endless-loop': {
    means: { en: 'Messages would go round in a loop that nothing leaves.', ru: 'Сообщения будут ходить по кругу, из которого нет выхода.' },
    fix: { en: 'Put a node with a way out into the loop, for example a switch.', ru: 'Добавьте в круг узел с выходом, например switch.' },
  },
  'flow.loop': {
    means: { en: 'A loop of nodes that only compute: it must let each message out within a number of hops.', ru: 'Круг из узлов, которые только вычисляют: каждое сообщение должно выйти из него за ограниченное число шагов.' },
    fix: { en: 'Make sure that the condition that ends the loop comes true.', ru: 'Убедитесь, что условие выхода из круга выполняется.' },
  },
  'flow.uses-missing': {
    means: { en: 'A node names a connection that the flow does not list in "uses".', ru: 'Узел называет подключение, которого нет в "uses" потока.' },
    fix: { en: 'Choose a connection in the node.', ru: 'Выберите подключение в узле.' },
  },
  'flow.uses-type': {
    means: { en: 'A node needs a connection of another type.', ru: 'Узлу нужно подключение другого типа.' },
    fix: { en: 'Choose a connection of the right type.', ru: 'Выберите подключение нужного типа.' },
  },
  'flow.connection-missing': {
    means: { en: 'The project has no connection of this name.', ru: 'В проекте нет подключения с таким именем.' },
    fix: { en: 'Create the connection, or map the name to another one.', ru: 'Создайте подключение или сопоставьте имя с другим.' },
  },
  'flow.connection-type': {
    means: { en: 'The project has a connection of this name, but of another type.', ru: 'В проекте есть подключение с этим именем, но другого типа.' },
    fix: { en: 'Choose another connection, or change the type in "uses".', ru: 'Выберите другое подключение или измените тип в "uses".' },
  },
  'flow.env-unknown': {
    means: { en: 'Neither the flow nor the project has an environment value of this name.', ru: 'Ни в потоке, ни в проекте нет значения окружения с таким именем.' },
    fix: { en: 'Set the value in the project, or give it a default in the flow.', ru: 'Задайте значение в проекте или значение по умолчанию в потоке.' },
  },
  'flow.secret-unknown': {
    means: { en: 'The project has no secret of this name.', ru: 'В проекте нет секрета с таким именем.' },
    fix: { en: 'Set the secret in the project.', ru: 'Задайте секрет в проекте.' },
  },
  'field.required': {
    means: { en: 'A field that must have a value is empty.', ru: 'Обязательное поле пусто.' },
    fix: { en: 'Fill the field in.', ru: 'Заполните поле.' },
  },
  'field.type': {
    means: { en: 'A field holds a value of the wrong kind.', ru: 'В поле значение не того вида.' },
    fix: { en: 'Put a value of the named kind there.', ru: 'Укажите значение нужного вида.' },
  },
  'field.range': {
    means: { en: 'A number is smaller or larger than the field allows.', ru: 'Число меньше или больше допустимого.' },
    fix: { en: 'Use a number within the named range.', ru: 'Укажите число в допустимых пределах.' },
  },
  'field.pattern': {
    means: { en: 'A text does not have the form that the field needs.', ru: 'Текст не имеет нужной для поля формы.' },
    fix: { en: 'Correct the text.', ru: 'Исправьте текст.' },
  },
  'field.choice': {
    means: { en: 'A field holds a value that is not among its choices.', ru: 'Значения нет среди вариантов поля.' },
    fix: { en: 'Choose one of the named values.', ru: 'Выберите один из вариантов.' },
  },
  'field.unit': {
    means: { en: 'A duration, size or rate cannot be read.', ru: 'Длительность, размер или темп не читается.' },
    fix: { en: 'Write 30s, 1h30m; 64KB, 1MB; 10/1m.', ru: 'Запишите так: 30s, 1h30m; 64KB, 1MB; 10/1m.' },
  },
  'field.syntax': { means: { en: 'The code in a field cannot be read, so the node will not run.', ru: 'Код в поле не читается, поэтому узел работать не будет.' }, fix: { en: 'Correct the code at the line and column that the problem names.', ru: 'Исправьте код в указанной строке и позиции.' } },
  'field.form': {
    means: { en: 'A field holds a form ($expr, $template, $env, $secret, $context) that it cannot have, or an object that looks like one.', ru: 'Поле содержит форму ($expr, $template, $env, $secret, $context), которая в нём недопустима, или похожий на неё объект.' },
    fix: { en: 'Use a form that the field allows; wrap a literal object in {"$literal": …}.', ru: 'Используйте допустимую форму; объект-литерал оберните в {"$literal": …}.' },
  },
  'field.secret-literal': {
    means: { en: 'A secret stands in the document as text.', ru: 'Секрет записан в документе открытым текстом.' },
    fix: { en: 'Store the secret in the project and refer to it; replace the secret if the file was shared.', ru: 'Сохраните секрет в проекте и сошлитесь на него; если файл кому-то передавали, замените секрет.' },
  },
  'field.node-missing': {
    means: { en: 'A field names a node that the flow does not have.', ru: 'Поле называет узел, которого нет в потоке.' },
    fix: { en: 'Choose another node.', ru: 'Выберите другой узел.' },
  },
  'field.link-missing': {
    means: { en: 'A link leads to a node of its own flow that does not exist or is no link-in node.', ru: 'Ссылка ведёт к узлу своего потока, которого нет или который не является узлом link-in.' },
    fix: { en: 'Choose a link-in node, or name the other flow before it: flow/node.', ru: 'Выберите узел link-in или укажите перед ним другой поток: поток/узел.' },
  },
  'wire.dangling': {
    means: { en: 'A wire begins or ends at a node or port that does not exist.', ru: 'Связь начинается или заканчивается у несуществующего узла или порта.' },
    fix: { en: 'Remove the wire or connect it anew.', ru: 'Удалите связь или подключите её заново.' },
  },
  'wire.into-source': {
    means: { en: 'A wire leads into a node that takes no messages.', ru: 'Связь ведёт в узел, который не принимает сообщений.' },
    fix: { en: 'Remove the wire.', ru: 'Удалите связь.' },
  },
  'wire.type': {
    means: { en: 'What leaves one port does not fit what the other needs. It only warns.', ru: 'То, что выходит из одного порта, не подходит другому. Это только предупреждение.' },
    fix: { en: 'Put a node between them that makes the needed form.', ru: 'Поставьте между ними узел, который приведёт данные к нужной форме.' },
  },
  'connections.json': {
    means: { en: 'The text of connections.json is not JSON.', ru: 'Текст connections.json не является JSON.' },
    fix: { en: 'Correct the text at the line and column that the problem names.', ru: 'Исправьте текст в указанной строке и позиции.' },
  },
  'connections.shape': {
    means: { en: 'connections.json does not have the form of a list of connections.', ru: 'connections.json не имеет формы списка подключений.' },
    fix: { en: 'Compare the named place with docs/flow.md.', ru: 'Сверьте указанное место с docs/flow.md.' },
  },
  'node.cannot-start': {
    means: { en: 'The node could not be made ready. Its messages wait; the other nodes run.', ru: 'Узел не удалось подготовить. Его сообщения ждут; остальные узлы работают.' },
    fix: { en: 'Correct what the message names and deploy again.', ru: 'Исправьте то, что названо в сообщении, и примените снова.' },
  },
  'connection.unknown-setting': {
    means: { en: 'A connection has a setting that its type does not know. It is kept and ignored.', ru: 'В подключении есть настройка, которой нет у его типа. Она сохраняется, но не учитывается.' },
    fix: { en: 'Use the settings that the form shows, or remove it.', ru: 'Используйте настройки из формы или удалите её.' },
  },
  'connection.unknown-type': {
    means: { en: 'There is no connection of this type.', ru: 'Подключения такого типа нет.' },
    fix: { en: 'Choose a type that the catalog has.', ru: 'Выберите тип из каталога.' },
  },
} as const satisfies Record<string, Explained>;
export type ProblemCode = keyof typeof problemCodes;

/** Failures that any node may have because of what surrounds it: the engine, the sandbox, a connection. A node's own codes stand in its file. */
export const nodeFailureCodes = {
  'link.unknown': {
    means: { en: 'A link leads to no running link-in node. The message waits, and is tried again when a flow is deployed that has it, and by itself from time to time.', ru: 'Ссылка не ведёт к работающему узлу link-in. Сообщение ждёт; попытка повторяется при применении потока с таким узлом и сама по себе время от времени.' },
    fix: { en: 'Deploy or start the flow that the link names, or correct the link.', ru: 'Примените или запустите поток, указанный в ссылке, или исправьте ссылку.' },
  },
  'link.timeout': {
    means: { en: 'A flow that was called by a link did not answer in time. Its run goes on; the next attempt waits for the same run.', ru: 'Поток, вызванный по ссылке, не ответил вовремя. Его запуск продолжается; следующая попытка ждёт тот же запуск.' },
    fix: { en: 'Look at the run that the failure names: what does it wait for? Give the call more time, if it needs that.', ru: 'Посмотрите указанный запуск: чего он ждёт? Если нужно, дайте вызову больше времени.' },
  },
  'link.no-answer': {
    means: { en: 'A flow that was called by a link ended without returning a message.', ru: 'Поток, вызванный по ссылке, завершился, не вернув сообщения.' },
    fix: { en: 'End each way of it with Link out that returns the message, the ways of catch nodes too.', ru: 'Завершайте каждый его путь узлом «Выход по ссылке», который возвращает сообщение, в том числе пути узлов «Перехват».' },
  },
  'link.failed': {
    means: { en: 'A message failed in a flow that was called by a link, and is a dead letter there.', ru: 'Сообщение завершилось ошибкой в потоке, вызванном по ссылке, и лежит там среди недоставленных.' },
    fix: { en: 'Mend and resend it there, then resend this one: it gets what that run answers. Or handle the failure there and return a message.', ru: 'Исправьте и отправьте его там повторно, затем и это сообщение: оно получит ответ того запуска. Либо обработайте ошибку там и верните сообщение.' },
  },
  'link.not-a-message': {
    means: { en: 'A flow that was called by a link answered as if to an HTTP request.', ru: 'Поток, вызванный по ссылке, ответил так, как отвечают на HTTP-запрос.' },
    fix: { en: 'Use Link out that returns the message in place of HTTP response.', ru: 'Вместо «Ответа HTTP» используйте «Выход по ссылке», который возвращает сообщение.' },
  },
  'link.too-deep': {
    means: { en: 'A message followed more links and feedback wires than is allowed, one after the other.', ru: 'Сообщение прошло подряд больше ссылок и обратных связей, чем разрешено.' },
    fix: { en: 'Look for links that lead in a circle.', ru: 'Проверьте, не ведут ли ссылки по кругу.' },
  },
  'sandbox.unavailable': {
    means: { en: 'The process that runs user code cannot be started, so function nodes wait and try again.', ru: 'Процесс, который выполняет код пользователя, не запускается; узлы функций ждут и пробуют снова.' },
    fix: { en: 'Look at the reason in the failure: most often Node is not version 24, the package isolated-vm is missing, or memory is short.', ru: 'Посмотрите причину в ошибке: чаще всего это не Node 24, отсутствует пакет isolated-vm или не хватает памяти.' },
  },
  'config.value': {
    means: { en: 'A field of the node got a value that it cannot use: a wrong type, out of its range, or nothing where something is required.', ru: 'Поле узла получило непригодное значение: не тот тип, вне допустимых границ или пустое там, где значение обязательно.' },
    fix: { en: 'Look at the field that the failure names: at its expression, at the environment value or secret it refers to, and at the message that came in.', ru: 'Проверьте названное поле: его выражение, переменную окружения или секрет, на которые оно ссылается, и пришедшее сообщение.' },
  },
  'expression.syntax': {
    means: { en: 'An expression cannot be read.', ru: 'Выражение не читается.' },
    fix: { en: 'Correct it at the position that the failure names. Expressions are JSONata; a plain path such as payload.phone is one too.', ru: 'Исправьте его в указанной позиции. Выражения пишутся на JSONata; простой путь, например payload.phone, тоже выражение.' },
  },
  'expression.failed': {
    means: { en: 'An expression could not be worked out for this message.', ru: 'Выражение не удалось вычислить для этого сообщения.' },
    fix: { en: 'Compare the message that came in with what the expression expects; $exists(...) and the ? : operator handle what may be missing.', ru: 'Сравните пришедшее сообщение с тем, чего ждёт выражение; для необязательных значений есть $exists(...) и оператор ? :.' },
  },
  'expression.limit': {
    means: { en: 'An expression took too many steps, went too deep or made too large a result: most often an endless recursion.', ru: 'Выражение сделало слишком много шагов, ушло слишком глубоко или дало слишком большой результат: чаще всего это бесконечная рекурсия.' },
    fix: { en: 'Give the recursion an end, split the list first, or use a function node for heavy work.', ru: 'Добавьте рекурсии условие выхода, сначала разбейте список или поручите тяжёлую работу узлу функции.' },
  },
  'path.syntax': {
    means: { en: 'A path into the message cannot be read.', ru: 'Путь в сообщении не читается.' },
    fix: { en: 'Write it like payload.items[0].phone or payload["two words"].', ru: 'Запишите его так: payload.items[0].phone или payload["два слова"].' },
  },
  'path.blocked': {
    means: { en: 'A value could not be written where the path points: text, a number or a list stands in the way.', ru: 'Значение нельзя записать по этому пути: на нём стоит текст, число или список.' },
    fix: { en: 'Write to the part of the path that exists first, or choose another place.', ru: 'Сначала запишите существующую часть пути или выберите другое место.' },
  },
  'regex.syntax': {
    means: { en: 'A pattern is not a regular expression.', ru: 'Шаблон не является регулярным выражением.' },
    fix: { en: 'Correct the pattern as the failure says.', ru: 'Исправьте шаблон, как сказано в ошибке.' },
  },
  'regex.unsafe': {
    means: { en: 'A pattern could take practically forever on some texts, or the text is longer than patterns may search.', ru: 'На некоторых текстах шаблон работал бы почти бесконечно, или текст длиннее, чем допустимо для поиска.' },
    fix: { en: 'Do not repeat a group that itself repeats, as (a+)+ does; search a shorter text.', ru: 'Не повторяйте группу, внутри которой уже есть повтор, как в (a+)+; ищите в более коротком тексте.' },
  },
  'template.syntax': {
    means: { en: 'A template cannot be read: a {{tag}} or a section is not closed, or a name in it is not a path.', ru: 'Шаблон не читается: не закрыт тег {{…}} или секция либо имя в нём не является путём.' },
    fix: { en: 'Correct it at the line and column that the failure names.', ru: 'Исправьте его в указанной строке и позиции.' },
  },
  'template.too-large': {
    means: { en: 'A template made more text than a message may hold.', ru: 'Шаблон дал больше текста, чем помещается в сообщение.' },
    fix: { en: 'Split the list before the template, or write to a file.', ru: 'Разбейте список до шаблона или пишите в файл.' },
  },
  'call.timeout': {
    means: { en: 'The node did not end within its time. Whether the other side did the work is not known.', ru: 'Узел не завершился в отведённое время. Выполнила ли работу другая сторона, неизвестно.' },
    fix: { en: 'Raise the node’s timeout, or look why the other side is slow.', ru: 'Увеличьте время ожидания узла или выясните, почему другая сторона медлит.' },
  },
  'call.outcome-unknown': {
    means: { en: 'Millrace ended during a call that must not be repeated by itself.', ru: 'Millrace завершился во время вызова, который нельзя повторять самостоятельно.' },
    fix: { en: 'Look on the other side whether the work was done, then resend or discard the dead letter.', ru: 'Проверьте на другой стороне, выполнена ли работа, затем отправьте недоставленное снова или отбросьте его.' },
  },
  'replay.record-incomplete': {
    means: { en: 'A replay under the same keys cannot answer for a node, because not all that it gave was kept.', ru: 'Повтор с прежними ключами не может ответить за узел: сохранено не всё, что он выдал.' },
    fix: { en: 'Set “record” at the node, so that the next runs keep all; or replay as a new generation, whose effects happen again.', ru: 'Включите у узла «record», чтобы следующие запуски хранили всё; или повторите новым поколением — действия произойдут снова.' },
  },
  'call.crashed': {
    means: { en: 'The process ended several times during the call of this message.', ru: 'Процесс несколько раз завершался во время вызова для этого сообщения.' },
    fix: { en: 'Look at the message and the node; correct what ends the process.', ru: 'Изучите сообщение и узел; устраните то, что завершает процесс.' },
  },
  'deploy.parked': {
    means: { en: 'A deploy took away the node at which the message was at rest, or the node takes no messages any more.', ru: 'Применение потока убрало узел, у которого ждало сообщение, или узел больше не принимает сообщений.' },
    fix: { en: 'Resend it to the node once a revision has it again, or to another node; or discard it.', ru: 'Отправьте его снова этому узлу, когда он вернётся в ревизию, или другому узлу; или отбросьте.' },
  },
  'node.threw': {
    means: { en: 'The node’s code threw something that is not a failure of its own.', ru: 'Код узла выбросил то, что не является его собственной ошибкой.' },
    fix: { en: 'Report it to the author of the node with the message that caused it.', ru: 'Сообщите автору узла и приложите сообщение, которое это вызвало.' },
  },
  'node.not-pure': {
    means: { en: 'A node that declares itself pure reached for a power that acts outside.', ru: 'Узел, объявленный чистым, обратился к средству, действующему наружу.' },
    fix: { en: 'The author of the node declares its replay as idempotent or external.', ru: 'Автору узла нужно объявить replay как idempotent или external.' },
  },
  'try.only-reads': {
    means: { en: 'A node that is tried would have made a call that may change something outside.', ru: 'Узел в пробе сделал бы вызов, который может что-то изменить снаружи.' },
    fix: { en: 'Deploy the flow to make the call; a try only reads.', ru: 'Чтобы сделать вызов, примените поток; проба только читает.' },
  },
  'context.not-declared': {
    means: { en: 'A node reached for context that its type does not declare to use.', ru: 'Узел обратился к контексту, использование которого его тип не объявляет.' },
    fix: { en: 'The author of the node declares `state` with the widest scope that it uses; in a function node choose its context in the settings.', ru: 'Автору узла нужно объявить `state` с самой широкой нужной областью; в узле function выберите контекст в настройках.' },
  },
  'context.key': {
    means: { en: 'The name of a context value is empty or too long.', ru: 'Имя значения контекста пустое или слишком длинное.' },
    fix: { en: 'Use a short name, for example an id.', ru: 'Используйте короткое имя, например идентификатор.' },
  },
  'context.value': {
    means: { en: 'A value is too large for the context, or of a kind that cannot be kept, such as a function.', ru: 'Значение слишком велико для контекста или такого вида, который нельзя сохранить, например функция.' },
    fix: { en: 'Keep plain data of moderate size; put large data into a file or a database and keep its name.', ru: 'Храните простые данные умеренного размера; большие поместите в файл или базу данных и храните их имя.' },
  },
  'context.full': {
    means: { en: 'The context has no room for another key or for a larger value.', ru: 'В контексте нет места для нового ключа или большего значения.' },
    fix: { en: 'Delete keys that are no longer needed, or keep the data in a database.', ru: 'Удалите ненужные ключи или храните данные в базе данных.' },
  },
  'engine.too-many-hops': {
    means: { en: 'A message passed very many nodes without coming to rest.', ru: 'Сообщение прошло очень много узлов без остановки.' },
    fix: { en: 'Break the loop, or put a delay into it.', ru: 'Разорвите цикл или поставьте в него задержку.' },
  },
  'collect.too-many-windows': {
    means: { en: 'A node that gathers by key has too many keys open at once.', ru: 'Узел, собирающий по ключу, держит открытыми слишком много ключей.' },
    fix: { en: 'Choose a shorter time, or a key with fewer values.', ru: 'Выберите меньшее время или ключ с меньшим числом значений.' },
  },
  'engine.too-many-rounds': {
    means: { en: 'A message went round a loop of the flow more often than allowed.', ru: 'Сообщение прошло цикл потока больше допустимого числа раз.' },
    fix: { en: 'Give the loop a way out: count the rounds in the message and leave after some.', ru: 'Дайте циклу выход: считайте проходы в сообщении и выходите после нескольких.' },
  },
  'queue.full': {
    means: { en: 'A wire has reached its limit and holds its feeders.', ru: 'Связь заполнена до предела и задерживает отправителей.' },
    fix: { en: 'Send the message again later; look what slows the node after the wire.', ru: 'Отправьте сообщение позже; выясните, что тормозит узел после связи.' },
  },
  'flow.not-live': {
    means: { en: 'The flow is not deployed or is stopped.', ru: 'Поток не применён или остановлен.' },
    fix: { en: 'Deploy or start the flow.', ru: 'Примените или запустите поток.' },
  },
  'message.not-storable': {
    means: { en: 'A message cannot be written: it holds itself, is nested too deep, or has a value that JSON cannot hold.', ru: 'Сообщение нельзя записать: оно содержит само себя, вложено слишком глубоко или имеет значение, которого нет в JSON.' },
    fix: { en: 'Make the node before it send plainer data.', ru: 'Сделайте так, чтобы узел перед ним отправлял более простые данные.' },
  },
  'message.too-large': {
    means: { en: 'The message is larger than the system takes.', ru: 'Сообщение больше допустимого.' },
    fix: { en: 'Send large data as a file and name it in the message.', ru: 'Передавайте большие данные файлом и указывайте его в сообщении.' },
  },
  'journal.unavailable': {
    means: { en: 'The journal could not write the message, so it was not accepted.', ru: 'Журнал не смог записать сообщение, поэтому оно не принято.' },
    fix: { en: 'Free disk space and send the message again.', ru: 'Освободите место на диске и отправьте сообщение снова.' },
  },
  'journal.disk-low': {
    means: { en: 'The disk is filled up to the reserve that is kept for accepted messages, so no new one is taken.', ru: 'Диск заполнен до запаса, оставленного для уже принятых сообщений, поэтому новые не принимаются.' },
    fix: { en: 'Free space on the disk of the data folder; messages are taken again by themselves.', ru: 'Освободите место на диске папки данных; приём возобновится сам.' },
  },
  'flow.disk-full': {
    means: { en: 'The messages at rest in the flow take as much disk as one flow may.', ru: 'Сообщения, ждущие в потоке, занимают на диске столько, сколько допустимо для одного потока.' },
    fix: { en: 'Look what keeps the flow from working them off, or which delay holds so many.', ru: 'Выясните, что мешает потоку их обработать или какая задержка держит столько сообщений.' },
  },
  'journal.damaged': {
    means: { en: 'The journal is damaged, so the message was not accepted.', ru: 'Журнал повреждён, поэтому сообщение не принято.' },
    fix: { en: 'Restore a backup, or take out what is readable with millrace salvage; then send the message again.', ru: 'Восстановите копию или извлеките читаемое командой millrace salvage; затем отправьте сообщение снова.' },
  },
  'join.too-many': {
    means: { en: 'One window of a collecting node keeps too many messages.', ru: 'Одно окно собирающего узла хранит слишком много сообщений.' },
    fix: { en: 'Set a smaller count or a timeout.', ru: 'Задайте меньшее число или время ожидания.' },
  },
  'route.taken': {
    means: { en: 'Two webhook nodes would serve the same requests.', ru: 'Два узла вебхука обслуживали бы одни и те же запросы.' },
    fix: { en: 'Choose another path or method.', ru: 'Выберите другой путь или метод.' },
  },
  'connection.missing': {
    means: { en: 'The project has no connection of the name that a node uses.', ru: 'В проекте нет подключения с именем, которое использует узел.' },
    fix: { en: 'Create it under Connections.', ru: 'Создайте его в разделе «Подключения».' },
  },
  'connection.unknown-type': {
    means: { en: 'The connection is of a type that is not installed.', ru: 'Подключение имеет тип, который не установлен.' },
    fix: { en: 'Install the type, or choose another connection.', ru: 'Установите тип или выберите другое подключение.' },
  },
} as const satisfies Record<string, Explained>;

/** Makes a problem. `fix` says what to do about it. */
export function problem(code: ProblemCode, where: Place, text: { readonly message: Text; readonly fix: Text; readonly level?: 'error' | 'warning' }): Problem {
  return { code, level: text.level ?? 'error', where, message: text.message, fix: text.fix };
}
