import './style.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './App';
import { openConsole } from './console';
import { examples, loadExamples } from './loaded';
import { fetchSite } from './site';
import { followAddress, forgetUnknown, readAddress } from './state/address';
import { attempt, view } from './state/view';
import { TAGS, say } from './words';

const place = document.getElementById('app')!;
place.replaceChildren();
// Before anything is shown, even what is waited for: the address says in which language.
readAddress(location.hash);
render(<App />, place);

effect(() => {
  const page = document.documentElement;
  page.lang = TAGS[view.lang.value];
  page.dataset.theme = view.theme.value;
  // On a phone there is neither room for it nor a key that ends it.
  page.dataset.projector = String(view.projector.value && !view.narrow.value);
  document.title = `${view.site.value?.data.name ?? ''} · gargalo: ${say('name.what')}`.replace(/^ · /, '');
});

attempt(async () => {
  const found = await fetchSite();
  forgetUnknown(found);
  examples.value = await loadExamples(found);
  view.site.value = found;
  followAddress(found);
  openConsole(found);
});
