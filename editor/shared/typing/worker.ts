import { api } from '../../api/client.ts';
import { libTexts } from './lib-texts.ts';
import guest from './guest.d.ts?raw';
import type { FromWorker, ToWorker } from './protocol.ts';
import { TypeService } from './type-service.ts';

/** The language service in a thread of its own: reading types takes longer than a key may wait. The worker's name is the language of the page. */

const scope = globalThis as unknown as { readonly name: string; postMessage(message: FromWorker): void; onmessage: (event: { readonly data: ToWorker }) => void };

const service = (async () => {
  const language = scope.name === 'ru' ? 'ru' : 'en';
  const diagnostics = language === 'ru' ? (await import('typescript/lib/ru/diagnosticMessages.generated.json')).default : undefined;
  return new TypeService({ libs: libTexts, guest, language, diagnostics });
})();

/** Modules by name: each is asked for once. One of which nothing can be had is of any type. */
const learned = new Map<string, Promise<void>>();
function learn(types: TypeService, module: string): Promise<void> {
  const known = learned.get(module) ?? api.moduleTypes(module).then((found) => { types.learn(module, found); }, () => undefined);
  learned.set(module, known);
  return known;
}

scope.onmessage = ({ data: { id, node, field, question } }) => {
  void service.then(async (types) => {
    await Promise.all(Object.values(node.imports).filter((module) => module !== '').map((module) => learn(types, module)));
    return types.answer(node, field, question);
  }).then(
    (answer) => { scope.postMessage({ id, ...(answer && { answer }) }); },
    (error: unknown) => { scope.postMessage({ id, failed: error instanceof Error ? error.stack ?? error.message : String(error) }); },
  );
};
