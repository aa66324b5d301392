import type { ServerResponse } from 'node:http';
import { Failure, failureCodes, type FailureCode } from '../errors.ts';
import type { NodeFailure } from '../sdk/node-failure.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { ErrorAnswer } from './contract.ts';
import type { ProjectDoor } from '../project/project-door.ts';
import type { ApiLog } from './route.ts';
import { masked } from './show.ts';

/** What an unexpected error needs to be found again. */
export interface FailureDoors { readonly clock: Clock; readonly random: Random; readonly log: ApiLog; readonly project: Pick<ProjectDoor, 'conceal'> }

export interface FailureAnswer { readonly status: number; readonly body: ErrorAnswer; readonly headers: { readonly [name: string]: string } }

/** Turns whatever was thrown into an answer. What nobody expected goes to the log with its stack, and out with an id only. */
export function failureAnswer(error: unknown, doors: FailureDoors): FailureAnswer {
  const answer = answerOf(error, doors);
  return { ...answer, body: masked(answer.body, (text, most) => doors.project.conceal(text, most)) as ErrorAnswer };
}

function answerOf(error: unknown, doors: FailureDoors): FailureAnswer {
  if (error instanceof Failure) return expected(error);
  if (isNodeFailure(error)) return ofNode(error);
  return unexpected(error, doors);
}

// By name: the API knows the SDK's types only.
const isNodeFailure = (error: unknown): error is NodeFailure => error instanceof Error && error.name === 'NodeFailure';

/** A node's failure that reached the person who pressed its button. */
function ofNode({ code, text, details }: NodeFailure): FailureAnswer {
  const status = code in failureCodes ? failureCodes[code as FailureCode].status : failureCodes['flow.invalid'].status;
  return { status, headers: {}, body: { error: { code, message: text, ...(Object.keys(details).length > 0 && { details }) } } };
}

function expected(failure: Failure): FailureAnswer {
  const { status, fix } = failureCodes[failure.code];
  const { code, text, problems, details } = failure;
  return {
    status, headers: {},
    body: { error: { code, message: text, fix: failure.fix ?? fix, ...(problems.length > 0 && { problems }), ...(Object.keys(details).length > 0 && { details }) } },
  };
}

function unexpected(error: unknown, { clock, random, log }: FailureDoors): FailureAnswer {
  const id = random.id(clock.now());
  log.error({ id, err: error }, `answering a request failed (${id})`);
  const code: FailureCode = 'runtime.bug';
  const message = { en: `Millrace failed in a way that it does not expect; the log has the cause under ${id}`, ru: `В Millrace произошла непредвиденная ошибка; причина записана в журнале под номером ${id}` };
  return { status: failureCodes[code].status, headers: {}, body: { error: { code, message, fix: failureCodes[code].fix, details: { id } } } };
}

/** Sends it. After the headers are out there is nothing left but to cut the connection, so that nobody takes half an answer for a whole one. */
export function sendFailure(response: ServerResponse, { status, body, headers }: FailureAnswer): void {
  if (response.headersSent) { response.destroy(); return; }
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers });
  response.end(text);
}
