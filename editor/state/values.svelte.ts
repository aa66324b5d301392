import type { EnvList, Json, SecretList } from '../../runtime/api/contract.ts';
import { api, ApiError } from '../api/client.ts';

/** Names of the project's secrets and its environment values, shared by every field that names one. Secrets' values never come here. */
export class ProjectValues {
  secrets = $state.raw<SecretList['secrets']>([]);
  env = $state.raw<EnvList['env']>([]);
  isLoaded = $state(false);
  error = $state.raw<ApiError>();

  async load(): Promise<void> {
    try {
      const [secrets, env] = await Promise.all([api.listSecrets(), api.listEnv()]);
      this.secrets = secrets.secrets;
      this.env = env.env;
      this.isLoaded = true;
      this.error = undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
  }

  async saveSecret(name: string, value: string): Promise<void> {
    await api.saveSecret(name, value);
    await this.load();
  }

  async deleteSecret(name: string): Promise<void> {
    await api.deleteSecret(name);
    await this.load();
  }

  async saveEnv(name: string, value: Json): Promise<void> {
    await api.saveEnv(name, value);
    await this.load();
  }

  async deleteEnv(name: string): Promise<void> {
    await api.deleteEnv(name);
    await this.load();
  }
}
