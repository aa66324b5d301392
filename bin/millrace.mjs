#!/usr/bin/env node
// The command `millrace`. Plain JavaScript, because whatever Node is on the PATH reads this file first.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { becomeNode24 } from './node24.mjs';

await becomeNode24(join(dirname(dirname(fileURLToPath(import.meta.url))), 'runtime', 'cli', 'main.ts'));
