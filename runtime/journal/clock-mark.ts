import type { Sql } from './sql.ts';

const KEPT_EVERY_MS = 1000; // a retry waits so much longer at most, after the clock was set back

/**
 * About the latest instant of the wall clock at which something was written. A clock that is set back during a life leaves it as it is, so that the next start
 * sees what was planned before.
 */
export class ClockMark {
  readonly #sql: Sql;
  #latest: number;
  #looked = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#latest = sql.number(`SELECT value AS n FROM meta WHERE name = 'clock'`);
  }

  /** Something is written. Inside its transaction. */
  passed(at: number): void { if (at >= this.#latest + KEPT_EVERY_MS) this.#keep(at); }

  /** A life begins, inside a transaction. Where the clock was set back since, retries wait as long as planned, counted from now. What waits until an instant does so. */
  begins(now: number): void {
    if (this.#looked) return;
    if (this.#latest > now) {
      this.#sql.run('UPDATE messages SET due = due - ? WHERE state = 2', this.#latest - now);
      this.#keep(now);
    }
    this.#looked = true;
  }

  #keep(at: number): void {
    this.#sql.run(`INSERT INTO meta VALUES ('clock', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, at);
    this.#latest = at;
  }
}
