import { NodeFailure, type SqlClient, type SqlExecutor, type SqlValue } from '../../runtime/sdk/index.ts';

/**
 * Contacts in the project's SQL database. Its unique indexes decide who is whom: a key (a phone, an e-mail) belongs to one
 * contact, and a message is applied once, because its id is written in the transaction that applies it.
 */

export interface ContactKey { readonly kind: string; readonly value: string }
export interface ContactFields { readonly name?: string | undefined; readonly phone?: string | undefined; readonly email?: string | undefined; readonly company?: string | undefined }
export interface Found { readonly match: 'none' | 'one' | 'many'; readonly contactId: string; readonly candidates: readonly string[] }
export interface Contact { readonly keys: readonly ContactKey[]; readonly fields: ContactFields; readonly messageId: string; readonly at: number; readonly newerWins: boolean }

const FIELDS = ['name', 'phone', 'email', 'company'] as const;

export class ContactStore {
  readonly #client: SqlClient;
  readonly #table: string;
  constructor(client: SqlClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Makes the tables when they are not there. Harmless to repeat. */
  async create(): Promise<void> {
    const t = this.#table;
    const id = this.#client.driver === 'postgres' ? 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY' : 'INTEGER PRIMARY KEY';
    const big = this.#client.driver === 'postgres' ? 'BIGINT' : 'INTEGER';
    await this.#client.query(`CREATE TABLE IF NOT EXISTS ${t} (id ${id}, name TEXT, phone TEXT, email TEXT, company TEXT, created_at ${big} NOT NULL, updated_at ${big} NOT NULL)`);
    await this.#client.query(`CREATE TABLE IF NOT EXISTS ${t}_keys (kind TEXT NOT NULL, value TEXT NOT NULL, contact_id ${big} NOT NULL, PRIMARY KEY (kind, value))`);
    await this.#client.query(`CREATE TABLE IF NOT EXISTS ${t}_messages (message_id TEXT PRIMARY KEY, at ${big} NOT NULL, contact_id ${big}, match TEXT, candidates TEXT)`);
  }

  /** Finds the contact by any of its keys, or makes it. The same message again gets the answer it got the first time. */
  async find(contact: Contact): Promise<Found> {
    return await this.#client.transaction(async (inside) => {
      const before = await this.#claim(inside, contact);
      if (before) return before;
      const owners = await this.#owners(inside, contact.keys);
      const [oldest] = owners;
      const contactId = oldest ?? await this.#insert(inside, contact);
      if (oldest !== undefined && owners.length === 1) await this.#update(inside, oldest, contact);
      if (owners.length < 2) await this.#own(inside, contactId, contact.keys);
      const found: Found = { match: owners.length === 0 ? 'none' : owners.length === 1 ? 'one' : 'many', contactId, candidates: owners };
      await inside.query(`UPDATE ${this.#table}_messages SET contact_id = $1, match = $2, candidates = $3 WHERE message_id = $4`, [contactId, found.match, JSON.stringify(owners), contact.messageId]);
      return found;
    });
  }

  /** undefined when the message is new; it is then claimed by this transaction. */
  async #claim(inside: SqlExecutor, { messageId, at }: Contact): Promise<Found | undefined> {
    const { affected } = await inside.query(`INSERT INTO ${this.#table}_messages (message_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [messageId, at]);
    if (affected > 0) return undefined;
    const { rows: [row] } = await inside.query(`SELECT contact_id, match, candidates FROM ${this.#table}_messages WHERE message_id = $1`, [messageId]);
    return { match: row?.match as Found['match'], contactId: String(row?.contact_id), candidates: JSON.parse(String(row?.candidates)) as string[] };
  }

  /** Contacts that own any of the keys, oldest first. */
  async #owners(inside: SqlExecutor, keys: readonly ContactKey[]): Promise<string[]> {
    const where = keys.map((_key, i) => `(kind = $${2 * i + 1} AND value = $${2 * i + 2})`).join(' OR ');
    const { rows } = await inside.query(`SELECT DISTINCT contact_id FROM ${this.#table}_keys WHERE ${where} ORDER BY contact_id`, keys.flatMap(({ kind, value }) => [kind, value]));
    return rows.map((row) => String(row.contact_id));
  }

  async #insert(inside: SqlExecutor, { fields, at }: Contact): Promise<string> {
    const { rows: [row] } = await inside.query(
      `INSERT INTO ${this.#table} (name, phone, email, company, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
      [...FIELDS.map((name): SqlValue => fields[name] ?? null), at, at]);
    return String(row?.id);
  }

  /** Fills what is empty, never blanks out; what differs is replaced only when the newer value wins. */
  async #update(inside: SqlExecutor, id: string, { fields, at, newerWins }: Contact): Promise<void> {
    const set = FIELDS.map((name, i) => (newerWins ? `${name} = coalesce($${i + 1}, ${name})` : `${name} = coalesce(${name}, $${i + 1})`)).join(', ');
    await inside.query(`UPDATE ${this.#table} SET ${set}, updated_at = $5 WHERE id = $6`, [...FIELDS.map((name): SqlValue => fields[name] ?? null), at, id]);
  }

  async #own(inside: SqlExecutor, id: string, keys: readonly ContactKey[]): Promise<void> {
    for (const { kind, value } of keys) {
      await inside.query(`INSERT INTO ${this.#table}_keys (kind, value, contact_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [kind, value, id]);
      const { rows: [row] } = await inside.query(`SELECT contact_id FROM ${this.#table}_keys WHERE kind = $1 AND value = $2`, [kind, value]);
      if (String(row?.contact_id) !== id) throw raced();
    }
  }
}

/** Another runtime took the key between our look and our write: the transaction is undone and looks again. */
function raced(): NodeFailure {
  return new NodeFailure('dedupe.raced', {
    en: 'finding a contact: somebody else stored the same key at the same moment; trying again',
    ru: 'поиск контакта: тот же ключ в этот же момент сохранил кто-то ещё; пробуем снова',
  }, { retry: { afterMs: 50 } });
}
