import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createApi, type ApiServer } from '../api/server.ts';
import { JournalError } from '../journal/port.ts';
import { createRuntime, type Runtime } from '../runtime.ts';
import { createLog, type CliLog } from './log.ts';
import { loadDefinitions, Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SQLITE_BUSY = 5;

/** Serves until a signal ends it: flows and webhooks, and with `editor` the editor too. */
export async function serve(options: Options, { language, editor }: { readonly language: Language; readonly editor: boolean }): Promise<undefined> {
  if (!editor && options.flows === undefined) throw new Usage(said.flowsNeeded);
  const log = createLog();
  const say = (text: { readonly en: string; readonly ru: string }): void => { process.stdout.write(`${text[language]}\n`); };
  const editorDir = editor ? await builtEditor(say) : undefined;
  const runtime = await openRuntime(options, { log, autoDeploy: !editor });
  const state = { ready: true };
  const api = apiOf(runtime, options, { log, editorDir, ready: () => state.ready });
  endOnSignal({ api, runtime, log, ending: () => { state.ready = false; say(said.stopping); } });
  const port = await listen(api.server, options);
  say(said.serving(`http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`));
}

async function openRuntime(options: Options, { log, autoDeploy }: { readonly log: CliLog; readonly autoDeploy: boolean }): Promise<Runtime> {
  const definitions = await loadDefinitions(options.nodes);
  try {
    return await createRuntime({ dataDir: options.data, ...definitions, log, autoDeploy, processEnv: process.env, ...(options.flows !== undefined && { flowsDir: options.flows }) });
  } catch (error) {
    if (error instanceof JournalError && error.errcode === SQLITE_BUSY) throw new Usage(said.dataTaken(options.data));
    throw error;
  }
}

function apiOf(runtime: Runtime, options: Options, more: { readonly log: CliLog; readonly editorDir: string | undefined; readonly ready: () => boolean }): ApiServer {
  const { project, host, catalog, observers, clock, random } = runtime;
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return createApi({
    project, host, catalog, observers, clock, random, ready: more.ready, ...(more.editorDir !== undefined && { editorDir: more.editorDir }),
    log: { warn: (details, text) => more.log('warn', text, details), error: (details, text) => more.log('error', text, details) },
    system: { version, dataDir: options.data, readOnly: project.readOnly, hookBase: '/hook', ...(options.flows !== undefined && { flowsDir: options.flows }) },
  });
}

/** Folder of the editor, built first when it is missing or older than its sources; undefined when it cannot be had. */
async function builtEditor(say: (text: { readonly en: string; readonly ru: string }) => void): Promise<string | undefined> {
  const builder = join(ROOT, 'bin', 'build-editor.mjs');
  const dist = join(ROOT, 'editor', 'dist');
  if (existsSync(builder)) {
    const { editorState, buildEditor } = await import(pathToFileURL(builder).href) as { editorState: () => string; buildEditor: () => Promise<void> };
    if (editorState() === 'stale') {
      say(said.building);
      await buildEditor();
    }
  }
  if (existsSync(join(dist, 'index.html'))) return dist;
  say(said.noEditor);
  return undefined;
}

async function listen(server: Server, { port, host }: Options): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => reject(error.code === 'EADDRINUSE' ? new Usage(said.portTaken(port)) : error));
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Also when the launcher that started this process is gone: nobody could stop it any more. */
function endOnSignal({ api, runtime, log, ending }: { readonly api: ApiServer; readonly runtime: Runtime; readonly log: CliLog; readonly ending: () => void }): void {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    ending();
    const done = (async () => { await api.close(); await runtime.close(); })();
    done.then(() => process.exit(0), (error: unknown) => { log('error', `stopping: ${(error as Error).message}`); process.exit(1); });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  process.on('disconnect', end);
}
