import pino from 'pino';

/** One line of JSON for each event on the error stream, or a plain line on a terminal. Never given a secret. */
export type CliLog = (level: 'info' | 'warn' | 'error', text: string, details?: object) => void;

export function createLog(level = process.env.MILLRACE_LOG ?? 'info'): CliLog {
  if (process.stderr.isTTY) return plain(level);
  const logger = pino({ level, base: undefined }, pino.destination({ fd: 2, sync: true }));
  return (at, text, details = {}) => logger[at](details, text);
}

const ORDER = ['debug', 'info', 'warn', 'error'];

function plain(level: string): CliLog {
  return (at, text, details) => {
    if (ORDER.indexOf(at) < ORDER.indexOf(level)) return;
    process.stderr.write(`${at.padEnd(5)} ${text}${details && Object.keys(details).length > 0 ? ` ${JSON.stringify(details)}` : ''}\n`);
  };
}
