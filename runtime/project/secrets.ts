import type { EnvList, SecretList } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { Json } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { Connections, UsedBy } from './connections.ts';
import { audited, type Parts } from './parts.ts';
import type { Actor } from './project-door.ts';

const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** Secrets, which go in and are never given out, and environment values, which anybody may read. */
export class Secrets {
  readonly #parts: Parts;
  readonly #connections: Connections;

  constructor(parts: Parts, connections: Connections) {
    this.#parts = parts;
    this.#connections = connections;
  }

  async list(usedBy: UsedBy): Promise<SecretList> {
    const secrets = await this.#parts.store.listSecrets();
    return { secrets: secrets.map(({ name, updatedAt }) => ({ name, updatedAt, usedBy: usedBy.get(name) ?? [] })) };
  }

  async save(name: string, value: unknown, by: Actor): Promise<void> {
    const { store, vault, clock } = this.#parts;
    if (!SECRET_NAME.test(name)) throw new Failure('secret.invalid', { en: 'saving a secret: this cannot be its name', ru: 'сохранение секрета: такое имя не подходит' });
    if (typeof value !== 'string' || value === '') throw new Failure('secret.invalid', { en: `saving the secret ${name}: its value must be a text that is not empty`, ru: `сохранение секрета ${name}: значение должно быть непустым текстом` }, { details: { secret: name } });
    if (Buffer.byteLength(value) > limits.secretBytesMax) throw new Failure('secret.invalid', { en: `saving the secret ${name}: it is longer than ${limits.secretBytesMax} bytes`, ru: `сохранение секрета ${name}: он длиннее ${limits.secretBytesMax} байт` }, { details: { secret: name } });
    await store.saveSecret(name, { sealed: vault.seal(name, value), by: by.name, at: clock.now() });
    await this.#changed('$secret', name, { by, action: 'secret.save' });
  }

  async remove(name: string, by: Actor): Promise<void> {
    if (!await this.#parts.store.deleteSecret(name)) throw new Failure('secret.not-found', { en: `the project has no secret ${name}`, ru: `в проекте нет секрета ${name}` }, { details: { secret: name } });
    await this.#changed('$secret', name, { by, action: 'secret.delete' });
  }

  async listEnv(): Promise<EnvList> {
    return { env: this.#parts.values.projectEnv() };
  }

  async saveEnv(name: string, value: Json, by: Actor): Promise<void> {
    const text = JSON.stringify(value) as string | undefined;
    if (!ENV_NAME.test(name)) throw new Failure('env.invalid', { en: 'saving an environment value: this cannot be its name', ru: 'сохранение значения окружения: такое имя не подходит' });
    if (text === undefined || Buffer.byteLength(text) > limits.envBytesMax) throw new Failure('env.invalid', { en: `saving the environment value ${name}: it must be JSON of at most ${limits.envBytesMax} bytes`, ru: `сохранение значения окружения ${name}: это должен быть JSON не длиннее ${limits.envBytesMax} байт` }, { details: { env: name } });
    await this.#parts.store.saveEnv(name, text);
    await this.#envChanged(name, { by, action: 'env.save' });
  }

  async removeEnv(name: string, by: Actor): Promise<void> {
    if (!await this.#parts.store.deleteEnv(name)) throw new Failure('env.not-found', { en: `the project has no environment value ${name}`, ru: `в проекте нет значения окружения ${name}` }, { details: { env: name } });
    await this.#envChanged(name, { by, action: 'env.delete' });
  }

  async #envChanged(name: string, what: { readonly by: Actor; readonly action: string }): Promise<void> {
    await this.#changed('$env', name, what);
  }

  async #changed(form: '$secret' | '$env', name: string, { by, action }: { readonly by: Actor; readonly action: string }): Promise<void> {
    await this.#parts.values.load();
    await audited(this.#parts, by, { action, subject: name });
    await this.#connections.valueChanged(form, name);
  }
}
