/** What the page asks of a browser as soon as its modules are loaded; Node.js has none of it. */

import { vi } from 'vitest';

vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: false }));
vi.stubGlobal('navigator', { language: 'en-US' });
