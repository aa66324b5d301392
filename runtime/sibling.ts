/**
 * The URL of a file of ours that is started as a worker or child process: `.ts` in the repository, `.js` in a packed build,
 * whichever the asking file is.
 */
export function sibling(nameWithoutEnding: string, askingFile: string): URL {
  const ending = askingFile.endsWith('.ts') ? '.ts' : '.js';
  return new URL(nameWithoutEnding + ending, askingFile);
}
