import { parentPort } from 'node:worker_threads';
import { eraseTypes } from './erase-types.ts';

/** A thread of `type-eraser.ts`: each code that comes is answered without its types. What the parser cannot bear ends the thread. */
parentPort?.on('message', (code: string) => { parentPort?.postMessage(eraseTypes(code)); });
