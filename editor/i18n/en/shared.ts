export const shared = {
  'shared.copy-path': 'Copy path',
  'shared.copy-value': 'Copy value',
  'shared.value': 'Value',
  'shared.added': 'added',
  'shared.changed': 'changed',
  'shared.removed': 'removed',
  'shared.more': { one: 'Show more, {n} left', other: 'Show more, {n} left' },
  'shared.enlarge': 'Enlarge',
  'shared.suggestions': 'Show suggestions',
  'shared.leave-editor': 'Code editor. To leave it, press Escape and then Tab.',
} as const;
