import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../assert.ts';
import { openAgain } from './database.ts';
import { runsIn } from './runs.ts';
import { stepsIn } from './steps.ts';
import type { Done, Task, WrittenAside } from './scribe.ts';

/** The thread that writes history: one task after another, each one transaction. */

assert(parentPort, 'this file is started as a worker');
const port = parentPort;
const database = openAgain((workerData as { file: string }).file);
const writes: WrittenAside = { ...runsIn(database), ...stepsIn(database) };

async function perform({ id, name, args }: Task): Promise<Done> {
  try {
    return { id, value: await (writes[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

let last = Promise.resolve();
port.on('message', (task: Task | null) => {
  last = last.then(async () => {
    if (task) port.postMessage(await perform(task));
    else {
      database.close();
      port.close();
    }
  });
});
