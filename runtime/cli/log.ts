import pino from 'pino';
import { systemClock } from '../clock.ts';
import { LOG_LEVELS, type LogLevel } from './options.ts';

/** Writes to the error stream: a plain line on a terminal, else one line of JSON for each event. Never given a secret. */
export type CliLog = (level: 'info' | 'warn' | 'error', text: string, details?: object) => void;

export function createLog(level: LogLevel): CliLog {
  if (process.stderr.isTTY) return plain(level);
  const logger = pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
  return (at, text, details = {}) => logger[at](details, text);
}

function plain(level: LogLevel): CliLog {
  return (at, text, details = {}) => {
    if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level)) return;
    const time = new Date(systemClock.now()).toISOString().slice(11, 19);
    process.stderr.write(`${time} ${at.padEnd(5)} ${text}${Object.entries(details).map(readable).join('')}\n`);
  };
}

/** An error has nothing that JSON shows; its stack is what the log is for. */
function readable([name, value]: readonly [string, unknown]): string {
  return ` ${name}=${value instanceof Error ? value.stack ?? value.message : JSON.stringify(value)}`;
}
