import { ApiError } from '../api/client.ts';

/** What asks the server and tells the person when it refused. Anything else that is thrown is a mistake of ours, and is not hidden. */
export class Asking {
  error = $state.raw<ApiError>();

  protected async try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.error = undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
  }
}
