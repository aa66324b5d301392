import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { FrameReader, FrameWriter, kinds, type Frame } from '../../../runtime/sandbox/frames.ts';
import { frameBytes } from './frame-bytes.ts';

const sent: readonly Frame[] = [{ kind: kinds.call, id: 1, text: '' }, { kind: kinds.part, id: 4_000_000_000, text: 'Привет 😀' }, { kind: kinds.end, id: 3, text: 'x'.repeat(5000) }];
const bytes = Buffer.concat(sent.map(({ kind, id, text }) => frameBytes(kind, id, text)));

test.each([1, 3, 8, 9, 100, bytes.length])('frames are whole however they are cut: by %d bytes', (size) => {
  const frames: Frame[] = [];
  const reader = new FrameReader(10_000, (frame) => { frames.push(frame); });
  for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
  expect(frames).toEqual(sent);
});

test('a large frame leaves nothing of itself to the one after it', () => {
  const frames: Frame[] = [];
  const reader = new FrameReader(20_000_000, (frame) => { frames.push(frame); });
  const texts = ['x'.repeat(9_000_000), 'й'.repeat(100_000), 'short', 'y'.repeat(200_000)];
  for (const text of texts) {
    const whole = frameBytes(kinds.end, 1, text);
    for (let at = 0; at < whole.length; at += 65_536) reader.read(whole.subarray(at, at + 65_536));
  }
  expect(frames.map(({ text }) => text)).toEqual(texts);
});

test('a frame that is too long is refused before it is gathered', () => {
  const reader = new FrameReader(100, () => undefined);
  expect(() => { reader.read(frameBytes(kinds.part, 1, 'x'.repeat(200)).subarray(0, 10)); }).toThrow(RangeError);
});

test('a frame shorter than its header is refused', () => {
  expect(() => { new FrameReader(100, () => undefined).read(Buffer.alloc(9)); }).toThrow(RangeError);
});

test('a frame in parts is the same as one in a piece', () => {
  expect(frameBytes(kinds.call, 7, '1 ', ['[["",5,{"payload":', '{"имя":"😀"}', '}]]'])).toEqual(frameBytes(kinds.call, 7, '1 [["",5,{"payload":{"имя":"😀"}}]]'));
});

test('what a slow pipe still has is not written over by the frames after it', () => {
  const held: { readonly chunk: Buffer; readonly next: () => void }[] = [];
  const frames: Frame[] = [];
  const pipe = new Writable({ write(chunk: Buffer, _, next) { held.push({ chunk, next }); } });
  const writer = new FrameWriter(pipe);
  const texts = ['first', 'second', 'x'.repeat(600_000), 'fourth', 'fifth'];
  for (const text of texts) writer.write({ kind: kinds.part, id: 1, text });
  const reader = new FrameReader(1_000_000, (frame) => { frames.push(frame); });
  for (let each = held.shift(); each; each = held.shift()) {
    reader.read(each.chunk); // only now does it leave
    each.next();
  }
  expect(frames.map(({ text }) => text)).toEqual(texts);
});
