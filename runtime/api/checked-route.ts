import type { Request, Response } from 'express';
import { assert } from '../assert.ts';
import { Failure } from '../errors.ts';
import type { Actor } from '../project/project-door.ts';
import type { InputCheck } from './check-input.ts';
import { readBody } from './read-body.ts';
import type { ApiAnswer, ApiDoors, ApiOptions, Route } from './route.ts';
import { masked } from './show.ts';

// Who is at this machine is its owner, until there are users.
const LOCAL: Actor = { name: 'local' };
const ABSENT = 0;

/** One route with its input read and checked before the handler sees it. */
export class CheckedRoute {
  readonly #route: Route;
  readonly #doors: ApiDoors;
  readonly #check: InputCheck;

  constructor(route: Route, options: ApiOptions, check: InputCheck) {
    this.#route = route;
    this.#doors = { ...options, conceal: (text, most) => options.project.conceal(text, most) };
    this.#check = check;
  }

  async answer(request: Request, response: Response): Promise<void> {
    const version = this.#version(request);
    const query = this.#query(request);
    const body = await this.#body(request);
    const param = (name: string): string => {
      const value = request.params[name];
      assert(typeof value === 'string', `the path ${this.#route.path} has :${name}`);
      return value;
    };
    send(response, this.#shown(await this.#route.handle({ param, query, body, version, by: LOCAL }, this.#doors)));
  }

  #shown(answer: ApiAnswer): ApiAnswer {
    const { asWritten } = this.#route;
    return asWritten === 'all' || answer.body === undefined ? answer : { ...answer, body: masked(answer.body, this.#doors.conceal, asWritten) };
  }

  #query(request: Request): unknown {
    return this.#route.query ? this.#check.query(request.query, this.#route.query.json) : undefined;
  }

  async #body(request: Request): Promise<unknown> {
    if (this.#route.method === 'GET') return undefined;
    const sent = await readBody(request);
    if (!this.#route.body) return undefined;
    const body = sent === undefined && this.#route.bodyOptional ? {} : sent;
    this.#check.body(body === undefined ? null : body, this.#route.body.json);
    return body;
  }

  #version(request: Request): number {
    const text = request.headers['if-match'];
    if (text === undefined && this.#route.needsVersion) {
      throw new Failure('request.version-missing', { en: `${request.method} ${request.path}: the header If-Match is missing`, ru: `${request.method} ${request.path}: нет заголовка If-Match` });
    }
    if (text === undefined) return ABSENT;
    const found = /^(?:W\/)?"(\d{1,15})"$/.exec(text.trim())?.[1];
    if (found === undefined) throw new Failure('request.invalid', { en: 'header If-Match: must be a version in double quotes, for example "3"', ru: 'заголовок If-Match: нужна версия в двойных кавычках, например "3"' });
    return Number(found);
  }
}

function send(response: Response, { status, body, text, headers }: ApiAnswer): void {
  if (headers) response.set(headers);
  if (text !== undefined) response.status(status ?? 200).send(text);
  else if (body !== undefined) response.status(status ?? 200).json(body);
  else response.status(status ?? 204).end();
}
