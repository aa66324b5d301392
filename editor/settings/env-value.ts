import type { Json } from '../../runtime/flow/flow.ts';

/** What a person types for an environment value: JSON where it reads as JSON, else the text itself. */
export function parseEnvValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The text that `parseEnvValue` reads as this value. Text that would be taken for JSON keeps its quotes. */
export function envValueText(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' && parseEnvValue(value) === value ? value : JSON.stringify(value);
}
