import './style.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './App';
import { openConsole } from './console';
import { examples, loadExamples } from './loaded';
import { fetchSite } from './site';
import { attempt, correctAddress, followAddress, lang, projector, site, theme } from './state';
import { TAGS, say } from './words';

const place = document.getElementById('app')!;
place.replaceChildren();
render(<App />, place);

effect(() => {
  const page = document.documentElement;
  page.lang = TAGS[lang.value];
  page.dataset.theme = theme.value;
  page.dataset.projector = String(projector.value);
  document.title = `${site.value?.data.name ?? ''} · gargalo: ${say('name.what')}`.replace(/^ · /, '');
});

attempt(async () => {
  const found = await fetchSite();
  correctAddress(found);
  examples.value = await loadExamples(found);
  site.value = found;
  followAddress(found);
  openConsole(found);
});
