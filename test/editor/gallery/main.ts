import { mount } from 'svelte';
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../../../editor/app.css';
import { language } from '../../../editor/i18n/index.ts';
import Gallery from './Gallery.svelte';

const search = new URLSearchParams(location.search);
language.current = search.get('language') === 'ru' ? 'ru' : 'en';
document.documentElement.dataset['theme'] = search.get('theme') ?? 'light';
document.body.style.overflow = 'auto';
mount(Gallery, { target: document.getElementById('app') as HTMLElement, props: { page: search.get('page') ?? 'controls' } });
