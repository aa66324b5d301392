import { defineConnection, field, NodeFailure, type SqlClient } from '../../runtime/sdk/index.ts';
import { PostgresClient } from './_postgres.ts';
import { sqliteFile, SqliteClient } from './_sqlite.ts';

const POSTGRES = { field: 'driver', is: ['postgres'] } as const;

/** A SQL database. Statements take bind values only: no value is ever put into the text of a statement. */
export default defineConnection({
  type: 'sql',
  title: { en: 'SQL database', ru: 'База SQL' },
  icon: 'database',
  summary: { en: 'SQLite in the data folder, or PostgreSQL.', ru: 'SQLite в папке данных или PostgreSQL.' },
  help: {
    en: '**SQLite** is a file in the data folder of Millrace and needs nothing else.\n\n**PostgreSQL** is a server. The password is a secret; its name stands here, its value does not.\n\nWhen the database cannot be reached, the nodes that use it pause and go on by themselves; no attempt of a message is used up.',
    ru: '**SQLite** — файл в папке данных Millrace, ничего больше не требуется.\n\n**PostgreSQL** — сервер. Пароль — это секрет: здесь указано его имя, а не значение.\n\nКогда база недоступна, использующие её узлы приостанавливаются и сами продолжают работу; попытки сообщений не расходуются.',
  },
  config: {
    driver: field.choice({ en: 'Database', ru: 'База' }, [
      { value: 'sqlite', title: { en: 'SQLite', ru: 'SQLite' } },
      { value: 'postgres', title: { en: 'PostgreSQL', ru: 'PostgreSQL' } },
    ], { default: 'sqlite' }),
    file: field.text({ en: 'File', ru: 'Файл' }, { default: 'project.db', dynamic: ['$env'], visible: { field: 'driver', is: ['sqlite'] } }),
    host: field.text({ en: 'Host', ru: 'Сервер' }, { default: 'localhost', dynamic: ['$env'], visible: POSTGRES }),
    port: field.integer({ en: 'Port', ru: 'Порт' }, { default: 5432, min: 1, max: 65_535, dynamic: ['$env'], visible: POSTGRES }),
    database: field.text({ en: 'Database name', ru: 'Имя базы' }, { default: 'postgres', dynamic: ['$env'], visible: POSTGRES }),
    user: field.text({ en: 'User', ru: 'Пользователь' }, { default: 'postgres', dynamic: ['$env'], visible: POSTGRES }),
    password: field.secret({ en: 'Password', ru: 'Пароль' }, { visible: POSTGRES }),
    tls: field.choice({ en: 'Encryption', ru: 'Шифрование' }, [
      { value: 'off', title: { en: 'off', ru: 'нет' } },
      { value: 'on', title: { en: 'on', ru: 'да' } },
      { value: 'unverified', title: { en: 'on, any certificate', ru: 'да, любой сертификат' } },
    ], { default: 'off', visible: POSTGRES }),
    pool: field.integer({ en: 'Connections at once', ru: 'Соединений сразу' }, { default: 8, min: 1, max: 100, dynamic: [], advanced: true, visible: POSTGRES }),
    connectTimeout: field.duration({ en: 'Time to connect', ru: 'Время на соединение' }, { default: '5s', dynamic: [], advanced: true, visible: POSTGRES }),
    statementTimeout: field.duration({ en: 'Time for a statement', ru: 'Время на запрос' }, { default: '25s', dynamic: [], advanced: true, visible: POSTGRES }),
  },
  async open(config, { dataDir }): Promise<SqlClient & { readonly place: string; close(): Promise<void> }> {
    if (config.driver === 'sqlite') return await SqliteClient.open(sqliteFile(dataDir, config.file));
    const { host, port, database, user, password, tls, pool, connectTimeout, statementTimeout } = config;
    const client = new PostgresClient({ host, port, database, user, password: password?.reveal(), tls, poolMax: pool, connectTimeoutMs: connectTimeout, statementTimeoutMs: statementTimeout });
    try {
      await client.ping();
      return client;
    } catch (error) {
      await client.close();
      throw error instanceof NodeFailure && error.scope === 'connection' ? error : new NodeFailure('sql.unavailable', {
        en: `connecting to PostgreSQL at ${host}:${port}: ${(error as Error).message}`,
        ru: `соединение с PostgreSQL на ${host}:${port}: ${(error as Error).message}`,
      }, { scope: 'connection', cause: error });
    }
  },
  async test(client) {
    await client.ping();
    const version = client.driver === 'postgres' ? 'SHOW server_version' : 'SELECT sqlite_version() AS server_version';
    const { rows: [row] } = await client.query(version);
    const name = `${client.driver === 'postgres' ? 'PostgreSQL' : 'SQLite'} ${String(row?.server_version)}`;
    return { en: `Connected: ${name} at ${client.place}.`, ru: `Соединение есть: ${name}, ${client.place}.` };
  },
  close: (client) => client.close(),
});
