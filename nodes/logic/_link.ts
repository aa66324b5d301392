import { field } from '../../runtime/sdk/index.ts';

/** How links are written: a link-in node of the same flow, or of another one. */
const LINK = '[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)?';

export const linkField = field.text({ en: 'Link', ru: 'Ссылка' }, {
  required: true, dynamic: ['$env'], suggest: 'links', pattern: LINK, placeholder: 'orders/prices',
  help: { en: 'A Link in node: its id in this flow, or flow/node in another one.', ru: 'Узел «Вход по ссылке»: его id в этом потоке или поток/узел в другом.' },
});
