import { defineNode, field, NodeFailure, type SqlClient, type SqlResult, type SqlValue } from '../../runtime/sdk/index.ts';

const RECEIPTS = 'millrace_messages';
const RECEIPT_KEPT_MS = 30 * 24 * 60 * 60 * 1000; // longer than any message of a flow that is looked after stays in work
const CLEAN_EVERY = 1000;

interface Client { readonly ready: Promise<void>; calls: number }
const clients = new WeakMap<SqlClient, Client>();

/** A writing statement runs once per message: the message's id is stored in the same transaction, with what the statement gave. */
export default defineNode({
  type: 'sql-query',
  version: 1,
  title: { en: 'SQL query', ru: 'Запрос SQL' },
  category: 'sink',
  icon: 'database-zap',
  summary: { en: 'Runs one statement with bind values and emits its rows.', ru: 'Выполняет один запрос с параметрами и выдаёт его строки.' },
  help: {
    en: 'The statement has places `$1`, `$2`, …, and **Values** fill them in order: a path such as `payload.phone`, an expression or a fixed value. No value ever becomes part of the statement’s text.\n\nThe rows leave as a list in `payload`, their number in `count`.\n\n**Delivery.** A statement that writes runs once for each message: the message’s id is stored in the table `millrace_messages` of the same database in the same transaction. When the same message comes again after a crash, the stored rows are emitted and nothing is executed.\n\nAn unavailable database pauses the node; a deadlock is tried again; a wrong statement or a broken constraint is the message’s failure.',
    ru: 'В запросе есть места `$1`, `$2`, …, их по порядку заполняют **Значения**: путь вида `payload.phone`, выражение или фиксированное значение. Значения никогда не становятся частью текста запроса.\n\nСтроки уходят списком в `payload`, их число — в `count`.\n\n**Доставка.** Изменяющий запрос выполняется один раз на сообщение: идентификатор сообщения сохраняется в таблице `millrace_messages` той же базы в той же транзакции. Если то же сообщение придёт снова после сбоя, выдаются сохранённые строки и ничего не выполняется.\n\nНедоступная база приостанавливает узел; взаимная блокировка повторяется; ошибка в запросе или нарушение ограничения — ошибка сообщения.',
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
    'sql.failed': { en: 'The database refused the statement.', ru: 'База отклонила запрос.' },
    'sql.busy': { en: 'The database could not run the statement now; it is tried again.', ru: 'База сейчас не смогла выполнить запрос; он повторяется.' },
    'sql.unavailable': { en: 'The database cannot be reached; the node pauses.', ru: 'База недоступна; узел приостановлен.' },
    'sql.login': { en: 'The database refused user, password or database name; the node pauses.', ru: 'База отклонила пользователя, пароль или имя базы; узел приостановлен.' },
    'sql.file': { en: 'The SQLite file would lie outside the data folder.', ru: 'Файл SQLite оказался бы вне папки данных.' },
  },
  examples: [
    { name: 'emits the rows of a reading statement', config: { db: 'crm-db', statement: 'SELECT $1 AS phone, 1 AS n', values: ['+79001234567'] }, given: [{ payload: 1 }], emits: { out: [{ payload: [{ phone: '+79001234567', n: 1 }], count: 1 }] } },
    { name: 'a wrong statement is the message’s failure', config: { db: 'crm-db', statement: 'SELEC 1' }, given: [{ payload: 1 }], fails: 'sql.failed' },
  ],
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

function writes(effect: 'auto' | 'read' | 'write', statement: string): boolean {
  if (effect !== 'auto') return effect === 'write';
  const bare = statement.replaceAll(/--.*$/gm, ' ').replaceAll(/\/\*[\s\S]*?\*\//g, ' ').trim();
  return !/^(select|values|show|explain|pragma)\b/i.test(bare) || /^select\b[\s\S]*\binto\b/i.test(bare);
}

interface Write { readonly id: string; readonly at: number; readonly statement: string; readonly values: readonly SqlValue[] }

async function once(client: SqlClient, write: Write): Promise<SqlResult> {
  await receipts(client, write.at);
  return await client.transaction(async (inside) => {
    const { affected } = await inside.query(`INSERT INTO ${RECEIPTS} (message_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [write.id, write.at]);
    if (affected === 0) {
      const { rows: [row] } = await inside.query(`SELECT result FROM ${RECEIPTS} WHERE message_id = $1`, [write.id]);
      return JSON.parse(String(row?.result ?? '{"rows":[],"affected":0}')) as SqlResult;
    }
    const { rows, affected: changed } = await inside.query(write.statement, write.values);
    const result: SqlResult = { rows, affected: changed };
    await inside.query(`UPDATE ${RECEIPTS} SET result = $1 WHERE message_id = $2`, [JSON.stringify(result), write.id]);
    return result;
  });
}

const setUps = new WeakMap<SqlClient, Map<string, Promise<void>>>();

async function setUp(client: SqlClient, statement: string): Promise<void> {
  const known = setUps.get(client) ?? new Map<string, Promise<void>>();
  setUps.set(client, known);
  let running = known.get(statement);
  if (!running) {
    running = client.query(statement).then(() => undefined);
    known.set(statement, running);
    running.catch(() => known.delete(statement));
  }
  await running;
}

/** The table of message ids, made once for each open client and cleaned now and then. */
async function receipts(client: SqlClient, now: number): Promise<void> {
  let known = clients.get(client);
  if (!known) {
    const big = client.driver === 'postgres' ? 'BIGINT' : 'INTEGER';
    const ready = client.query(`CREATE TABLE IF NOT EXISTS ${RECEIPTS} (message_id TEXT PRIMARY KEY, at ${big} NOT NULL, result TEXT)`).then(() => undefined);
    known = { ready, calls: 0 };
    clients.set(client, known);
    ready.catch(() => clients.delete(client));
  }
  await known.ready;
  if (++known.calls % CLEAN_EVERY === 0) await client.query(`DELETE FROM ${RECEIPTS} WHERE at < $1`, [now - RECEIPT_KEPT_MS]);
}

function bindable(value: unknown, index: number, node: string): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (typeof value === 'object') return JSON.stringify(value);
  throw new NodeFailure('sql.value', {
    en: `binding $${index + 1} at node ${node}: a ${typeof value} cannot be stored`,
    ru: `передача $${index + 1} в узле ${node}: значение типа ${typeof value} сохранить нельзя`,
  });
}
