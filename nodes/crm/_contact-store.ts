import { NodeFailure, type SqlClient, type SqlExecutor, type SqlValue } from '../../runtime/sdk/index.ts';

/**
 * Contacts in the project's SQL database. Its unique indexes decide who is whom: a key (a phone, an e-mail) belongs to one
 * contact, and a message is applied once, because its id is written in the transaction that applies it.
 */

export interface ContactKey { readonly kind: string; readonly value: string }
export const CONTACT_FIELDS = ['name', 'phone', 'email', 'company'] as const;
export type ContactFields = { readonly [field in (typeof CONTACT_FIELDS)[number]]?: string | undefined };
export interface Found { readonly match: 'none' | 'one' | 'many'; readonly contactId: string; readonly candidates: readonly string[]; readonly merged: boolean }
export interface Contact {
  readonly keys: readonly ContactKey[];
  readonly fields: ContactFields;
  readonly messageId: string;
  readonly at: number;
  /** Whose value stays where both have one. */
  readonly differs: 'newer' | 'older';
  /** What happens when the keys belong to several contacts. */
  readonly several: 'ask' | 'merge';
}

const RACES_MAX = 8; // of one message with other runtimes; each race lost means that another message went on
const RECEIPT_KEPT_MS = 30 * 24 * 60 * 60 * 1000; // longer than any message of a flow that is looked after stays in work
const CLEAN_EVERY = 1000;

export class ContactStore {
  readonly #client: SqlClient;
  readonly #table: string;
  #calls = 0;
  constructor(client: SqlClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Makes the tables when they are not there. Harmless to repeat. */
  async create(): Promise<void> {
    try {
      await this.#createTables();
    } catch {
      // Two runtimes that make the same tables at the same moment: one of them fails, and finds them made.
      await this.#createTables();
    }
  }

  async #createTables(): Promise<void> {
    const t = this.#table;
    const postgres = this.#client.driver === 'postgres';
    const id = postgres ? 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY' : 'INTEGER PRIMARY KEY';
    const big = postgres ? 'BIGINT' : 'INTEGER';
    await this.#client.query(`CREATE TABLE IF NOT EXISTS ${t} (id ${id}, name TEXT, phone TEXT, email TEXT, company TEXT, merged_into ${big}, created_at ${big} NOT NULL, updated_at ${big} NOT NULL)`);
    await this.#client.query(`CREATE TABLE IF NOT EXISTS ${t}_keys (kind TEXT NOT NULL, value TEXT NOT NULL, contact_id ${big} NOT NULL, PRIMARY KEY (kind, value))`);
    await this.#client.query(`CREATE INDEX IF NOT EXISTS ${t}_keys_contact ON ${t}_keys (contact_id)`);
    await this.#client.query(`CREATE TABLE IF NOT EXISTS ${t}_messages (message_id TEXT PRIMARY KEY, at ${big} NOT NULL, result TEXT)`);
  }

  /** Finds the contact by any of its keys, or makes it. The same message again gets the answer it got the first time. */
  async find(contact: Contact): Promise<Found> {
    if (++this.#calls % CLEAN_EVERY === 0) await this.#client.query(`DELETE FROM ${this.#table}_messages WHERE at < $1`, [contact.at - RECEIPT_KEPT_MS]);
    for (let race = 0; ; race++) {
      try {
        return await this.#client.transaction((inside) => this.#once(inside, contact));
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error;
        if (race >= RACES_MAX) throw raced();
      }
    }
  }

  async #once(inside: SqlExecutor, contact: Contact): Promise<Found> {
    const { messageId, at } = contact;
    const { affected } = await inside.query(`INSERT INTO ${this.#table}_messages (message_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [messageId, at]);
    if (affected === 0) {
      const { rows: [row] } = await inside.query(`SELECT result FROM ${this.#table}_messages WHERE message_id = $1`, [messageId]);
      return JSON.parse(String(row?.result)) as Found;
    }
    const found = await this.#apply(inside, contact);
    await inside.query(`UPDATE ${this.#table}_messages SET result = $1 WHERE message_id = $2`, [JSON.stringify(found), messageId]);
    return found;
  }

  async #apply(inside: SqlExecutor, contact: Contact): Promise<Found> {
    const owners = await this.#owners(inside, contact.keys);
    const [oldest, ...others] = owners;
    if (oldest === undefined) {
      const contactId = await this.#insert(inside, contact);
      await this.#own(inside, contactId, contact.keys);
      return { match: 'none', contactId, candidates: [], merged: false };
    }
    if (others.length > 0 && contact.several === 'ask') return { match: 'many', contactId: oldest, candidates: owners, merged: false };
    for (const other of others) await this.#merge(inside, { into: oldest, from: other, at: contact.at });
    await this.#update(inside, oldest, contact);
    await this.#own(inside, oldest, contact.keys);
    return { match: 'one', contactId: oldest, candidates: owners, merged: others.length > 0 };
  }

  /** Contacts that own any of the keys, oldest first. */
  async #owners(inside: SqlExecutor, keys: readonly ContactKey[]): Promise<string[]> {
    const where = keys.map((_key, i) => `(kind = $${2 * i + 1} AND value = $${2 * i + 2})`).join(' OR ');
    const { rows } = await inside.query(`SELECT DISTINCT contact_id FROM ${this.#table}_keys WHERE ${where} ORDER BY contact_id`, keys.flatMap(({ kind, value }) => [kind, value]));
    return rows.map((row) => String(row['contact_id']));
  }

  async #insert(inside: SqlExecutor, { fields, at }: Contact): Promise<string> {
    const { rows: [row] } = await inside.query(
      `INSERT INTO ${this.#table} (name, phone, email, company, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
      [...valuesOf(fields), at, at]);
    return String(row?.['id']);
  }

  /** Fills what is empty and never blanks out; where both have a value, the newer or the older stays. */
  async #update(inside: SqlExecutor, id: string, { fields, at, differs }: Contact): Promise<void> {
    const set = CONTACT_FIELDS.map((name, i) => `${name} = ${differs === 'newer' ? `coalesce($${i + 1}, ${name})` : `coalesce(${name}, $${i + 1})`}`).join(', ');
    await inside.query(`UPDATE ${this.#table} SET ${set}, updated_at = $5 WHERE id = $6`, [...valuesOf(fields), at, id]);
  }

  /** The younger contact's keys go over, its values fill what is empty, and its row stays, saying where it went. */
  async #merge(inside: SqlExecutor, { into, from, at }: { readonly into: string; readonly from: string; readonly at: number }): Promise<void> {
    const t = this.#table;
    const set = CONTACT_FIELDS.map((name) => `${name} = coalesce(${name}, (SELECT ${name} FROM ${t} WHERE id = $2))`).join(', ');
    await inside.query(`UPDATE ${t} SET ${set} WHERE id = $1`, [into, from]);
    await inside.query(`UPDATE ${t}_keys SET contact_id = $1 WHERE contact_id = $2`, [into, from]);
    await inside.query(`UPDATE ${t} SET merged_into = $1, updated_at = $2 WHERE id = $3 OR merged_into = $3`, [into, at, from]);
  }

  async #own(inside: SqlExecutor, id: string, keys: readonly ContactKey[]): Promise<void> {
    for (const { kind, value } of inOneOrder(keys)) {
      const { affected } = await inside.query(`INSERT INTO ${this.#table}_keys (kind, value, contact_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [kind, value, id]);
      if (affected > 0) continue;
      const { rows: [row] } = await inside.query(`SELECT contact_id FROM ${this.#table}_keys WHERE kind = $1 AND value = $2`, [kind, value]);
      if (String(row?.['contact_id']) !== id) throw new KeyTaken();
    }
  }
}

const valuesOf = (fields: ContactFields): SqlValue[] => CONTACT_FIELDS.map((name) => fields[name] ?? null);

/** Two transactions that take the same keys in different orders would wait for each other. */
const inOneOrder = (keys: readonly ContactKey[]): readonly ContactKey[] => keys.toSorted((a, b) => (`${a.kind} ${a.value}` < `${b.kind} ${b.value}` ? -1 : 1));

/** Another runtime took the key between our look and our write: the transaction is undone and looks again. */
class KeyTaken extends Error {}

function raced(): NodeFailure {
  return new NodeFailure('dedupe.raced', {
    en: 'finding a contact: other runtimes kept storing the same keys at the same moment; trying again',
    ru: 'поиск контакта: другие среды раз за разом сохраняли те же ключи в тот же момент; пробуем снова',
  }, { retry: 'backoff' });
}
