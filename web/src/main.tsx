import './style.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './App';
import { openConsole } from './console';
import { examples, loadExamples } from './loaded';
import { fetchSite } from './site';
import { attempt, correctAddress, followAddress, lang, narrow, projector, site, theme } from './state';
import { TAGS, say } from './words';

const place = document.getElementById('app')!;
place.replaceChildren();
render(<App />, place);

effect(() => {
  const page = document.documentElement;
  page.lang = TAGS[lang.value];
  page.dataset.theme = theme.value;
  // On a phone there is neither room for it nor a key that ends it.
  page.dataset.projector = String(projector.value && !narrow.value);
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
