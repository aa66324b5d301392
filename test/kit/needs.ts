import { accessSync, constants } from 'node:fs';
import { Client } from 'pg';

/**
 * What a test needs beside Node: answers where it is, or undefined with the reason printed, and the test is skipped.
 * Under CI=true nothing may be missing, so a need that is not met fails the file instead.
 *
 *     const postgres = await needsPostgres();
 *     test.skipIf(!postgres)('…', async () => { … });
 */

const PROBE_TIMEOUT_MS = 3000;
const LOCAL_POSTGRES = ['postgres://root@127.0.0.1:5432/test', 'postgres://postgres@127.0.0.1:5432/test'];
const CHROMIUM_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/snap/bin/chromium'];

/** URI of a PostgreSQL database that tests may fill: `MILLRACE_TEST_POSTGRES_URI`, else database `test` of a server on this machine. */
export async function needsPostgres(): Promise<string | undefined> {
  const named = process.env.MILLRACE_TEST_POSTGRES_URI;
  const reasons: string[] = [];
  for (const uri of named ? [named] : LOCAL_POSTGRES) {
    const reason = await whyNoPostgres(uri);
    if (reason === undefined) return uri;
    reasons.push(`${new URL(uri).host}: ${reason}`);
  }
  return missing('PostgreSQL', `set MILLRACE_TEST_POSTGRES_URI or start a server with a database "test" on 127.0.0.1:5432 (${reasons.join('; ')})`);
}

/** Path of a Chromium or Chrome: `MILLRACE_TEST_CHROMIUM`, else where Linux distributions put it. */
export function needsChromium(): string | undefined {
  const named = process.env.MILLRACE_TEST_CHROMIUM;
  const found = (named ? [named] : CHROMIUM_PLACES).find(isExecutable);
  return found ?? missing('Chromium', named ? `MILLRACE_TEST_CHROMIUM names ${named}, which cannot be run` : 'install it or set MILLRACE_TEST_CHROMIUM');
}

async function whyNoPostgres(uri: string): Promise<string | undefined> {
  const client = new Client({ connectionString: uri, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
  try {
    await client.connect();
    await client.query('select 1');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(what: string, todo: string): undefined {
  const reason = `${what} is not here: ${todo}`;
  if (process.env.CI === 'true') throw new Error(`${reason}. Under CI=true no test may be skipped for it.`);
  process.stderr.write(`skipped: ${reason}\n`);
  return undefined;
}
