import type { Clock } from '../clock.ts';
import type { Json } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { LogEvent } from '../observe.ts';
import type { NodePlace } from '../sdk/context.ts';
import { TokenBucket } from '../token-bucket.ts';

type Line = Pick<LogEvent, 'level' | 'text' | 'details'>;
type Level = Line['level'];

const TELL_AFTER_MS = 1000;

/** What a node logs: so many lines a second. Those beyond are counted, and the count is told once a second. */
export function nodeLog(clock: Clock, emit: (line: Line) => void): NodePlace['log'] {
  const bucket = new TokenBucket(limits.nodeLogsPerSecond, clock.elapsed());
  let leftOut = 0;
  const tell = (): void => {
    emit({ level: 'warn', text: `${leftOut} more log lines of this node were left out`, details: { leftOut } });
    leftOut = 0;
  };
  const log = (level: Level) => (text: string, details?: { readonly [name: string]: Json }): void => {
    if (bucket.left(clock.elapsed()) < 1) {
      if (++leftOut === 1) clock.after(TELL_AFTER_MS, tell);
      return;
    }
    bucket.take();
    emit({ level, text, ...(details && { details }) });
  };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
