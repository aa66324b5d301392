import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createDoor, type ApiOptions, type ApiServer } from '../api/server.ts';
import { systemClock } from '../clock.ts';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { Runtime } from '../runtime.ts';
import { backupAnswer } from './backup.ts';
import { createLog, type CliLog } from './log.ts';
import { openRuntime } from './open-runtime.ts';
import { Usage, versionOfThis, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

type Say = (text: Text) => void;

/** Serves until a signal ends it: flows and webhooks, and with `editor` the editor too. */
export async function serve(options: Options, { language, editor }: { readonly language: Language; readonly editor: boolean }): Promise<undefined> {
  if (!editor && options.flows === undefined) throw new Usage(said.flowsNeeded);
  const log = createLog(options.log);
  const say: Say = (text) => { process.stdout.write(`${text[language]}\n`); };
  const door = createDoor();
  const port = await listen(door.server, options);
  const [runtime, editorDir] = await Promise.all([openRuntime(options, { autoDeploy: !editor }), editor ? builtEditor(say) : undefined]);
  const state = { ready: true };
  const api = door.open(apiOptions(runtime, options, { log, editorDir, ready: () => state.ready && runtime.host.journal().state !== 'damaged' }));
  const address = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  // For commands about this data folder; what a crash leaves of it answers nobody.
  const running = join(options.data, 'running.json');
  writeFileSync(running, JSON.stringify({ address }));
  endOnSignal({ api, runtime, log, ending: () => { state.ready = false; rmSync(running, { force: true }); say(said.stopping); }, hurried: () => say(said.stoppingNow) });
  say(said.serving(address));
}

function apiOptions(runtime: Runtime, options: Options, more: { readonly log: CliLog; readonly editorDir: string | undefined; readonly ready: () => boolean }): ApiOptions {
  const { project, host, catalog, observers, clock, random } = runtime;
  const version = versionOfThis();
  return {
    project, host, catalog, observers, clock, random, ready: more.ready, ...(more.editorDir !== undefined && { editorDir: more.editorDir }),
    log: { warn: (details, text) => more.log('warn', text, details), error: (details, text) => more.log('error', text, details) },
    moduleTypes: runtime.moduleTypes,
    backup: async () => backupAnswer(await runtime.backups.make(version)),
    system: { version, dataDir: options.data, readOnly: project.readOnly, hookBase: '/hook', ...(options.flows !== undefined && { flowsDir: options.flows }) },
  };
}

/** Folder of the editor, built first when it is missing or older than its sources; undefined when it cannot be had. */
async function builtEditor(say: Say): Promise<string | undefined> {
  const builder = join(ROOT, 'bin', 'build-editor.mjs');
  if (existsSync(builder)) {
    const { editorState } = await import(pathToFileURL(builder).href) as { editorState: () => string };
    if (editorState() === 'stale') {
      say(said.building);
      if (!await build(builder)) { say(said.buildFailed); return undefined; }
    }
  }
  const dist = join(ROOT, 'editor', 'dist');
  if (existsSync(join(dist, 'index.html'))) return dist;
  say(said.noEditor);
  return undefined;
}

/** In a process of its own: what the build needs in memory goes with it. */
async function build(builder: string): Promise<boolean> {
  const child = spawn(process.execPath, [builder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit') as [number | null];
  return code === 0;
}

async function listen(server: Server, { port, host }: Options): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening'); // rejects on `error`
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string };
    throw new Usage(code === 'EADDRINUSE' ? said.portTaken(port) : said.cannotListen(`${host}:${port}`, message));
  }
  return (server.address() as AddressInfo).port;
}

/** Also when the launcher that started this process is gone: nobody could stop it any more. */
function endOnSignal({ api, runtime, log, ending, hurried }: { readonly api: ApiServer; readonly runtime: Runtime; readonly log: CliLog; readonly ending: () => void; readonly hurried: () => void }): void {
  let endedAt: number | undefined;
  const end = (): void => {
    if (endedAt !== undefined) return;
    endedAt = systemClock.elapsed();
    ending();
    const done = (async () => { await api.close(); await runtime.close(); })();
    done.then(() => process.exit(0), (error: unknown) => { log('error', `stopping: ${(error as Error).message}`); process.exit(1); });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (endedAt === undefined) { end(); return; }
      // A terminal signals the launcher and this process, and the launcher passes its own on: that is one wish, not two.
      if (systemClock.elapsed() - endedAt < limits.secondSignalMs) return;
      hurried();
      process.exit(130);
    });
  }
  process.on('disconnect', end);
}
