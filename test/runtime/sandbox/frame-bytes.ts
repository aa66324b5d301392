import { Writable } from 'node:stream';
import { FrameWriter, type FrameKind } from '../../../runtime/sandbox/frames.ts';

/** A frame as it is written to the pipe. */
export function frameBytes(...[kind, id, text, parts = []]: readonly [kind: FrameKind, id: number, text: string, parts?: readonly string[]]): Buffer {
  const written: Buffer[] = [];
  const pipe = new Writable({ write(chunk: Buffer, _, next) { written.push(Buffer.from(chunk)); next(); } });
  new FrameWriter(pipe).write({ kind, id, text, parts });
  return Buffer.concat(written);
}
