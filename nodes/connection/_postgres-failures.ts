import { NodeFailure } from '../../runtime/sdk/index.ts';

// Class 08: connection; 53: too many connections, out of memory or disk; 57P0x: the server goes down or comes up.
const OUTAGE = /^(08|53|57P0)/;
// Serialization failure, deadlock, lock not available, statement timeout: the same statement may succeed next time.
const PASSING = new Set(['40001', '40P01', '55P03', '57014']);
const CONSTRAINT = /^23/;
const WRONG_LOGIN = /^(28|3D000)/;
const SOCKET = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT']);
// What the client library says without a code.
const LOST = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Cannot use a pool after calling end|Query read timeout|does not support SSL/;

/** Whose failure an error of PostgreSQL is: the server's for everybody, or this statement's. */
export function failureOf(error: unknown): NodeFailure {
  if (error instanceof NodeFailure) return error;
  const { code = '', message, constraint } = error as Error & { code?: string; constraint?: string };
  // A refused connection to several addresses has no message of its own.
  const why = message === '' ? code : message;
  const details = { sqlstate: code, ...(constraint !== undefined && { constraint }) };
  if (OUTAGE.test(code) || SOCKET.has(code) || LOST.test(message)) {
    return new NodeFailure('sql.unavailable', { en: `using PostgreSQL: ${why}`, ru: `работа с PostgreSQL: ${why}` }, { scope: 'connection', details });
  }
  if (WRONG_LOGIN.test(code)) {
    return new NodeFailure('sql.login', { en: `signing in to PostgreSQL: ${why}; check user, password and database of the connection`, ru: `вход в PostgreSQL: ${why}; проверьте пользователя, пароль и базу в подключении` }, { scope: 'connection', details });
  }
  const text = { en: `running the statement: ${why}`, ru: `выполнение запроса: ${why}` };
  if (PASSING.has(code)) return new NodeFailure('sql.busy', text, { retry: 'backoff', details });
  return new NodeFailure(CONSTRAINT.test(code) ? 'sql.constraint' : 'sql.failed', text, { details });
}
