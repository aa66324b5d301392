import { defineNode, field, type SqlClient } from '../../runtime/sdk/index.ts';
import { once } from './_sql-receipts.ts';
import { bindable, checkPlaces, writes } from './_sql-statement.ts';

/** A writing statement runs once per message: the message's id is stored in the same transaction, with what the statement gave. */
export default defineNode({
  type: 'sql-query',
  version: 1,
  title: { en: 'SQL query', ru: 'Запрос SQL' },
  category: 'sink',
  icon: 'database-zap',
  summary: { en: 'Runs one statement with bind values and emits its rows.', ru: 'Выполняет один запрос с параметрами и выдаёт его строки.' },
  help: {
    en: 'The statement has places `$1`, `$2`, …, and **Values** fill them in order: an expression such as `payload.phone` or a fixed value. No value ever becomes part of the statement’s text. A record or list is bound as its JSON.\n\nThe rows leave as a list in `payload`; `count` is their number, or how many rows a statement without rows of its own changed.\n\n**Delivery.** A statement that writes runs once for each message: the message’s id is stored in the table `millrace_messages` of the same database in the same transaction. When the same message comes again after a crash, the stored rows are emitted and nothing is executed.\n\nAn unavailable database pauses the node; a deadlock is tried again; a wrong statement or a broken constraint is the message’s failure.',
    ru: 'В запросе есть места `$1`, `$2`, …, их по порядку заполняют **Значения**: выражение вида `payload.phone` или фиксированное значение. Значения никогда не становятся частью текста запроса. Запись или список передаётся как JSON.\n\nСтроки уходят списком в `payload`; `count` — их число либо число изменённых строк, если запрос сам строк не выдаёт.\n\n**Доставка.** Изменяющий запрос выполняется один раз на сообщение: идентификатор сообщения сохраняется в таблице `millrace_messages` той же базы в той же транзакции. Если то же сообщение придёт снова после сбоя, выдаются сохранённые строки и ничего не выполняется.\n\nНедоступная база приостанавливает узел; взаимная блокировка повторяется; ошибка в запросе или нарушение ограничения — ошибка сообщения.',
  },
  keywords: ['database', 'postgres', 'sqlite', 'insert', 'select', 'база', 'таблица', 'запрос'],
  line: '{db} · {effect}',
  replay: 'idempotent',
  config: {
    db: field.connection({ en: 'Database', ru: 'База' }, 'sql', { required: true }),
    statement: field.code({ en: 'Statement', ru: 'Запрос' }, 'sql', { required: true, placeholder: 'INSERT INTO leads (phone) VALUES ($1)' }),
    values: field.list({ en: 'Values for $1, $2, …', ru: 'Значения для $1, $2, …' }, field.any({ en: 'Value', ru: 'Значение' }), { default: [] }),
    setup: field.code({ en: 'Before the first statement', ru: 'Перед первым запросом' }, 'sql', { advanced: true, placeholder: 'CREATE TABLE IF NOT EXISTS leads (phone TEXT)', help: { en: 'Runs once for each opening of the connection; made so that repeating it is harmless.', ru: 'Выполняется один раз на каждое открытие подключения; повтор должен быть безвреден.' } }),
    effect: field.choice({ en: 'The statement', ru: 'Запрос' }, [
      { value: 'auto', title: { en: 'reads or writes by its first word', ru: 'читает или пишет — по первому слову' } },
      { value: 'read', title: { en: 'only reads', ru: 'только читает' } },
      { value: 'write', title: { en: 'writes', ru: 'пишет' } },
    ], { default: 'auto', advanced: true }),
  },
  outputs: { fixed: { out: { title: { en: 'Rows', ru: 'Строки' }, body: { type: 'record', fields: { payload: { type: 'list' }, count: { type: 'number' } } } } } },
  failures: {
    'sql.value': { en: 'A value cannot be bound: it is neither text, number, yes or no, date, bytes, list nor record.', ru: 'Значение нельзя передать в запрос: это не текст, число, да или нет, дата, байты, список или запись.' },
    'sql.places': { en: 'The statement has other places $1, $2, … than there are values.', ru: 'Мест $1, $2, … в запросе не столько, сколько значений.' },
    'sql.constraint': { en: 'The statement would break a constraint, such as a unique index.', ru: 'Запрос нарушил бы ограничение, например уникальный индекс.' },
    'sql.nested': { en: 'A node used the connection itself inside a transaction.', ru: 'Узел обратился к подключению внутри транзакции.' },
    'sql.failed': { en: 'The database refused the statement.', ru: 'База отклонила запрос.' },
    'sql.busy': { en: 'The database could not run the statement now; it is tried again.', ru: 'База сейчас не смогла выполнить запрос; он повторяется.' },
    'sql.unavailable': { en: 'The database cannot be reached; the node pauses.', ru: 'База недоступна; узел приостановлен.' },
    'sql.login': { en: 'The database refused user, password or database name; the node pauses.', ru: 'База отклонила пользователя, пароль или имя базы; узел приостановлен.' },
    'sql.file': { en: 'The SQLite file would lie outside the data folder.', ru: 'Файл SQLite оказался бы вне папки данных.' },
  },
  examples: [
    { name: 'emits the rows of a reading statement', config: { db: 'crm-db', statement: 'SELECT $1 AS phone, 1 AS n', values: ['+79001234567'] }, given: [{ payload: 1 }], emits: { out: [{ payload: [{ phone: '+79001234567', n: 1 }], count: 1 }] } },
    { name: 'a wrong statement is the message’s failure', config: { db: 'crm-db', statement: 'SELEC 1' }, given: [{ payload: 1 }], fails: 'sql.failed' },
    { name: 'writes and gives what it wrote', config: { db: 'crm-db', setup: 'CREATE TABLE IF NOT EXISTS leads (phone TEXT, name TEXT)', statement: 'INSERT INTO leads (phone, name) VALUES ($1, $2) RETURNING phone', values: [{ $expr: 'payload.phone' }, { $expr: 'payload.name' }] },
      given: [{ payload: { phone: '+79001234567', name: 'Anna' }, topic: 'lead' }], emits: { out: [{ payload: [{ phone: '+79001234567' }], topic: 'lead', count: 1 }] } },
  ],
  prepare: async ({ statement, values }) => checkPlaces(statement, values.length),
  async run(message, { config, connection, idempotencyKey, clock, node }) {
    const client = await connection<SqlClient>(config.db);
    if (config.setup !== undefined && config.setup.trim() !== '') await setUp(client, config.setup);
    const values = config.values.map((value, i) => bindable(value, i, node.id));
    const result = writes(config.effect, config.statement)
      ? await once(client, { id: idempotencyKey, at: clock.now(), statement: config.statement, values })
      : await client.query(config.statement, values);
    const rows = result.rows.map((row) => ({ ...row }));
    return { ...message, payload: rows, count: rows.length === 0 ? result.affected : rows.length };
  },
});

const setUps = new WeakMap<SqlClient, Map<string, Promise<void>>>();

/** Runs once for each open client; again when it failed. */
async function setUp(client: SqlClient, statement: string): Promise<void> {
  const known = setUps.get(client) ?? new Map<string, Promise<void>>();
  setUps.set(client, known);
  let running = known.get(statement);
  if (!running) {
    // Two runtimes that make the same table at the same moment: one of them fails, and finds it made.
    const attempt = async (): Promise<void> => { await client.query(statement); };
    running = attempt().catch(attempt);
    known.set(statement, running);
    running.catch(() => known.delete(statement));
  }
  await running;
}
