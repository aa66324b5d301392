const before = { payload: { name: 'Анна К.', phone: '8 (900) •••-••-34', email: 'a•••@example.test' }, topic: 'lead' };

export const message = {
  before,
  after: { payload: { ...before.payload, phone: '+7 900 •••-••-34', contactId: 50211, isNew: false }, topic: 'lead' },
  big: {
    'first name': 'Ада', text: 'A long text that does not fit into one line of the tree, so that it is cut and opens by a click.\nSecond line.',
    bytes: { $bytes: 'AAECAwQFBgcICQoLDA0ODw==' }, when: { $date: 1_795_000_000_000 }, nothing: null, ok: true, list: Array.from({ length: 250 }, (_, i) => i * 3), deep: { a: { b: { c: [{ d: 1 }] } } },
  },
};

export const code = `// Scores a lead by what it brought.
const score = msg.payload.email ? 10 : 0;
return );
msg.payload.score = score + 1.5;
return msg;`;

export const help = `Finds the contact that a lead belongs to, and **creates one** when there is none.

## What it promises

- One contact for one person, also when 50 forms come at once: a lock per key.
- The keys are tried in order; \`phone\` first is usual.

1. It looks the keys up.
2. It writes.

\`\`\`json
{ "payload": { "phone": "+7 900 000-00-34" } }
\`\`\`

| Port | When |
|---|---|
| new | the contact was created |
| known | it was there |

See [E.164](https://www.itu.int/rec/T-REC-E.164). <b>No markup</b>, [no script](javascript:alert(1)).`;
