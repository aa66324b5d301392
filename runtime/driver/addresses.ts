import type { Flow } from '../flow/flow.ts';
import type { RouteOptions } from '../sdk/context.ts';
import type { Collector } from '../sdk/define-node.ts';
import { resumeRoute } from './resumes.ts';
import { configOf } from './revision.ts';
import type { Services } from './services.ts';

/** Requests that the nodes of a deployed flow take, whether they are served now or not: so that a sender of a stopped one does not give up. */
export class Addresses {
  readonly #services: Services;
  #forget: (() => void)[] = [];
  constructor(services: Services) { this.#services = services; }

  /** In place of those of an earlier revision; undefined: of a flow that is no longer there. */
  async know(flow: Flow | undefined): Promise<void> {
    const routes = await Promise.all(Object.keys(flow?.nodes ?? {}).map((node) => this.#routesOf(flow as Flow, node)));
    for (const forget of this.#forget) forget();
    this.#forget = routes.flat().map((options) => this.#services.hooks.know(options));
  }

  async #routesOf(flow: Flow, node: string): Promise<readonly RouteOptions[]> {
    const definition = this.#services.nodes.get(flow.nodes[node]?.type ?? '');
    const resume = (definition?.collect as Collector<unknown> | undefined)?.resume;
    if (resume) return [resumeRoute(flow.id, node, resume.bodyBytesMax)];
    if (!definition?.routes) return [];
    // One whose config cannot be made ready serves nothing that could be named.
    const config = await configOf(flow, node, this.#services).catch(() => undefined);
    return config ? definition.routes(config.atDeploy as never) : [];
  }
}
