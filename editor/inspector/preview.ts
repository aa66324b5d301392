import { formOf, formText } from '../../runtime/flow/field-form.ts';
import type { FieldValue } from '../../runtime/flow/flow.ts';
import type { EnvChoice, Previewed } from '../shared/fields/field-host.ts';
import { valueAt } from '../shared/value.ts';

/** What previews of a node's fields can look at. */
export interface PreviewGround {
  readonly env: readonly EnvChoice[];
  /** Body of the last message that came in. */
  readonly body: unknown;
}

/** An expression that runs longer would freeze the page. */
const TIME_MS = 200;
const DEPTH_MAX = 200;

/** The value that a field's form has now: an environment value, or an expression or template on the last message. */
export async function previewValue(value: FieldValue, ground: PreviewGround): Promise<Previewed | undefined> {
  const text = formText(value) ?? '';
  switch (formOf(value)) {
    case '$env': return envValue(text, ground.env);
    case '$expr': return ground.body === undefined || text.trim() === '' ? undefined : evaluated(text, ground);
    case '$template': return ground.body === undefined ? undefined : filled(text, ground);
    default: return undefined;
  }
}

function envValue(name: string, env: readonly EnvChoice[]): Previewed | undefined {
  const value = env.find((each) => each.name === name)?.value;
  return value === undefined ? undefined : { kind: 'value', value, ofMessage: false };
}

async function evaluated(text: string, { body, env }: PreviewGround): Promise<Previewed> {
  try {
    const { default: jsonata } = await import('jsonata');
    const program = jsonata(text, { timeout: TIME_MS, stack: DEPTH_MAX });
    program.registerFunction('env', (name: string) => env.find((each) => each.name === name)?.value);
    return { kind: 'value', value: await program.evaluate(body), ofMessage: true };
  } catch (error) {
    const { message, position } = error as { readonly message?: string; readonly position?: number };
    return { kind: 'failed', reason: `${message ?? String(error)}${position === undefined ? '' : ` (${position})`}` };
  }
}

const PLACE = /\{\{\{?\s*&?\s*([\w.[\]$-]+)\s*\}?\}\}/g;
const SECTION = /\{\{\s*[#^/!>]/;

/** Templates of plain places only: sections are the runtime's to fill. */
function filled(text: string, { body, env }: PreviewGround): Previewed | undefined {
  if (SECTION.test(text) || !text.includes('{{')) return undefined;
  const value = text.replace(PLACE, (_, path: string) => {
    const found = valueAt(body, path) ?? (path.startsWith('env.') ? env.find(({ name }) => name === path.slice(4))?.value : undefined);
    return found === undefined || found === null ? '' : typeof found === 'object' ? JSON.stringify(found) : String(found);
  });
  return { kind: 'value', value, ofMessage: true };
}
