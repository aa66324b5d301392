/** A small part of Markdown as data: headings, lists, code, links, emphasis. Whatever else is in the text stays text, so nothing of it can become markup. */

export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong' | 'em'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly inline: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly inline: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'table'; readonly head: readonly (readonly Inline[])[]; readonly rows: readonly (readonly (readonly Inline[])[])[] };

const ITEM = /^\s*(?:[-*]|\d+[.)])\s+(.*)$/;
const ORDERED = /^\s*\d/;
const HEADING = /^(#{1,4})\s+(.*)$/;
const FENCE = /^```\s*(\w*)\s*$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

export function parseMarkdown(text: string): readonly Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i] ?? '';
    if (line.trim() === '') { i += 1; continue; }
    const [block, next] = readBlock(lines, i);
    blocks.push(block);
    i = next;
  }
  return blocks;
}

function readBlock(lines: readonly string[], start: number): [Block, number] {
  const line = lines[start] ?? '';
  const fence = FENCE.exec(line);
  if (fence) return readCode(lines, start, fence[1] ?? '');
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: 'heading', level: (heading[1] ?? '#').length, inline: parseInline(heading[2] ?? '') }, start + 1];
  if (ITEM.test(line)) return readList(lines, start);
  if (line.includes('|') && TABLE_RULE.test(lines[start + 1] ?? '')) return readTable(lines, start);
  let end = start + 1;
  while (end < lines.length && !startsBlock(lines[end] ?? '')) end += 1;
  return [{ kind: 'paragraph', inline: parseInline(lines.slice(start, end).map((each) => each.trim()).join(' ')) }, end];
}

const startsBlock = (line: string): boolean => line.trim() === '' || FENCE.test(line) || HEADING.test(line) || ITEM.test(line);

function readCode(lines: readonly string[], start: number, language: string): [Block, number] {
  let end = start + 1;
  while (end < lines.length && !FENCE.test(lines[end] ?? '')) end += 1;
  return [{ kind: 'code', language, text: lines.slice(start + 1, end).join('\n') }, end + 1];
}

function readList(lines: readonly string[], start: number): [Block, number] {
  const items: string[] = [];
  let end = start;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? '';
    const item = ITEM.exec(line);
    if (item) items.push(item[1] ?? '');
    else if (/^\s+\S/.test(line) && items.length > 0) items.push(`${items.pop() ?? ''} ${line.trim()}`);
    else break;
  }
  return [{ kind: 'list', ordered: ORDERED.test(lines[start] ?? ''), items: items.map(parseInline) }, end];
}

function readTable(lines: readonly string[], start: number): [Block, number] {
  const cells = (line: string): readonly (readonly Inline[])[] => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => parseInline(cell.trim()));
  let end = start + 2;
  while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1;
  return [{ kind: 'table', head: cells(lines[start] ?? ''), rows: lines.slice(start + 2, end).map(cells) }, end];
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

export function parseInline(text: string): readonly Inline[] {
  const parts: Inline[] = [];
  let at = 0;
  const plain = (part: string): void => { if (part !== '') parts.push({ kind: 'text', text: part }); };
  for (const match of text.matchAll(INLINE)) {
    plain(text.slice(at, match.index));
    parts.push(inlineOf(match));
    at = match.index + match[0].length;
  }
  plain(text.slice(at));
  return parts;
}

function inlineOf(match: RegExpMatchArray): Inline {
  const [whole, code, strong, em, label, href] = match;
  if (code !== undefined) return { kind: 'code', text: code };
  if (strong !== undefined) return { kind: 'strong', text: strong };
  if (em !== undefined) return { kind: 'em', text: em };
  // Only web addresses become links: a `javascript:` address from a node type must stay text.
  return label !== undefined && href !== undefined && /^https?:\/\//.test(href) ? { kind: 'link', text: label, href } : { kind: 'text', text: whole };
}
