import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { JournalDatabase } from './database.ts';
import { answerPacked, openedBy, type PackedRequest } from './port.ts';

/** The journal's thread: the only place that waits for the disk. */

assert(parentPort, 'this file is started as a worker');
const port = parentPort;
let database: JournalDatabase | undefined;
try {
  database = new JournalDatabase((workerData as { file: string }).file);
  port.postMessage({ opened: openedBy(database) });
} catch (error) {
  port.postMessage({ failed: { message: (error as Error).message, code: (error as { errcode?: number }).errcode ?? 0 } });
}
port.on('message', (request: PackedRequest & { id: number }) => {
  if (!database) return;
  port.postMessage({ id: request.id, ...answerPacked(database, request) });
  if (request.kind === 'close') port.close();
});
