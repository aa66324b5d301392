import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import { Failure } from '../errors.ts';
import type { Text } from '../flow/flow.ts';
import type { JsonSchema } from './route.ts';

/** Checks what came in against a route's schemas. Each schema is compiled once, at its first use, so that starting costs nothing. */
export class InputCheck {
  readonly #bodies = new Ajv({ strict: true, allErrors: true });
  // A query is text: numbers are read from it, one value stands for a list of one, and what is absent gets its default.
  readonly #queries = new Ajv({ strict: true, allErrors: true, coerceTypes: 'array', useDefaults: true });
  readonly #compiled = new WeakMap<JsonSchema, ValidateFunction>();

  body(value: unknown, json: JsonSchema): void { this.#check('body', value, this.#compile(this.#bodies, json)); }

  /** Answers a copy with the types that the schema names. */
  query(value: { readonly [name: string]: unknown }, json: JsonSchema): unknown {
    const copy = { ...value };
    this.#check('query', copy, this.#compile(this.#queries, json));
    return copy;
  }

  #compile(ajv: Ajv, json: JsonSchema): ValidateFunction {
    const known = this.#compiled.get(json);
    if (known) return known;
    const made = ajv.compile(json);
    this.#compiled.set(json, made);
    return made;
  }

  #check(part: 'body' | 'query', value: unknown, validate: ValidateFunction): void {
    if (validate(value)) return;
    const found = (validate.errors ?? []).map((error) => describe(part, error));
    throw new Failure('request.invalid', { en: found.map(({ en }) => en).join('; '), ru: found.map(({ ru }) => ru).join('; ') });
  }
}

/** Names the place and the rule, never the value: it may be a secret. */
function describe(part: 'body' | 'query', { keyword, params, instancePath }: ErrorObject): Text {
  const at = [part, ...instancePath.split('/').slice(1)].join('.');
  const param = (name: string): string => String((params as { readonly [name: string]: unknown })[name]);
  switch (keyword) {
    case 'required': return { en: `${at}: "${param('missingProperty')}" is missing`, ru: `${at}: не хватает "${param('missingProperty')}"` };
    case 'additionalProperties': return { en: `${at}: "${param('additionalProperty')}" is not known here`, ru: `${at}: "${param('additionalProperty')}" здесь не предусмотрено` };
    case 'type': return { en: `${at}: must be of type ${param('type')}`, ru: `${at}: нужен тип ${param('type')}` };
    case 'enum': return { en: `${at}: must be one of ${param('allowedValues').replaceAll(',', ', ')}`, ru: `${at}: допустимо одно из: ${param('allowedValues').replaceAll(',', ', ')}` };
    case 'minimum': return { en: `${at}: must be ${param('limit')} or more`, ru: `${at}: должно быть не меньше ${param('limit')}` };
    case 'maximum': return { en: `${at}: must be ${param('limit')} or less`, ru: `${at}: должно быть не больше ${param('limit')}` };
    default: return { en: `${at}: breaks the rule "${keyword}"`, ru: `${at}: нарушено правило "${keyword}"` };
  }
}
