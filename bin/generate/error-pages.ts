import { byCodePoint } from '../../runtime/flow/canonical.ts';
import type { Text } from '../../runtime/flow/flow.ts';
import { failureCodes, nodeFailureCodes, problemCodes } from '../../runtime/errors.ts';
import { loadDefinitions } from './catalog.ts';

interface Entry { readonly code: string; readonly means: Text; readonly fix?: Text; readonly status?: number }

const HEAD = `# Codes of problems and failures

Made by \`npm run generate\` from \`runtime/errors.ts\` and from the nodes' own files. The code is the contract: a program may rely on
it. The text that comes with it names the thing and the place, and may improve in any release.

A **problem** is a mistake in a document, found before anything runs; it has a place and a fix. A **failure** happens while something
runs: an answer of the API, or a node that could not handle a message.
`;

/** Text of `runtime/ERRORS.md`. */
export async function errorPages(): Promise<string> {
  const { nodes } = await loadDefinitions();
  const ofNodes = nodes
    .filter((each) => Object.keys(each.info.failures ?? {}).length > 0)
    .map((each) => section(`Failures of ${each.info.type}`, Object.entries(each.info.failures ?? {}).map(([code, means]) => ({ code, means }))));
  return [
    HEAD,
    section('Problems', entriesOf(problemCodes)),
    section('Failures of the API and the runtime', entriesOf(failureCodes)),
    section('Failures that any node may have', entriesOf(nodeFailureCodes)),
    ...ofNodes,
  ].join('\n');
}

const entriesOf = (codes: { readonly [code: string]: Omit<Entry, 'code'> }): Entry[] => Object.entries(codes).map(([code, entry]) => ({ code, ...entry }));

function section(title: string, entries: readonly Entry[]): string {
  const sorted = entries.toSorted((a, b) => byCodePoint(a.code, b.code));
  return `## ${title}\n\n${sorted.map(paragraph).join('\n')}`;
}

function paragraph({ code, means, fix, status }: Entry): string {
  const answer = status === undefined ? '' : ` (HTTP ${status})`;
  return `### \`${code}\`${answer}\n\n- ${joined(means.en, fix?.en)}\n- ${joined(means.ru, fix?.ru)}\n`;
}

const joined = (means: string, fix: string | undefined): string => (fix === undefined ? means : `${means} ${fix}`);
