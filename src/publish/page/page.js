// Follows the events of warrener; after each the same page is fetched again and what differs is
// exchanged, so that focus and what is unfolded stay. And asks before anything is done.
(() => {
  'use strict';
  const PAUSE = 300; // between two looks at the page, in milliseconds
  const AGAIN = 5000; // until the next try, once the line was closed
  const KEY = 'warrener-authorization';
  const root = document.documentElement;
  const by = (id) => document.getElementById(id);
  root.classList.add('js');

  // What differs.

  function isSame(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || '') === (b.id || '');
  }

  function exchange(old, fresh) {
    for (const { name } of [...old.attributes]) {
      const unfolded = old.nodeName === 'DETAILS' && name === 'open';
      if (!fresh.hasAttribute(name) && !unfolded) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const named = new Map();
    for (const child of old.children) if (child.id) named.set(child.id, child);
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      let match = next.id ? named.get(next.id) : at;
      if (match && !isSame(match, next)) match = null;
      if (!match) {
        old.insertBefore(document.importNode(next, true), at);
        continue;
      }
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      if (match.nodeType === Node.ELEMENT_NODE) exchange(match, next);
      else if (match.nodeValue !== next.nodeValue) match.nodeValue = next.nodeValue;
    }
    while (at) {
      const rest = at.nextSibling;
      at.remove();
      at = rest;
    }
  }

  function show(fresh) {
    const focused = document.activeElement;
    const section = focused && focused.closest('section[id]');
    document.title = fresh.title;
    for (const id of ['main', 'as-of']) {
      const [old, next] = [by(id), fresh.getElementById(id)];
      if (old && next) exchange(old, next);
    }
    if (!section || document.activeElement === focused) return;
    if (focused.isConnected) {
      focused.focus({ preventScroll: true });
      return;
    }
    // What had the focus is gone: its section's heading takes it.
    const heading = by(section.id)?.querySelector('h1, h2');
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  }

  let looking = false;
  let wanted = false;

  async function look() {
    wanted = true;
    if (looking || document.hidden) return;
    looking = true;
    wanted = false;
    try {
      const answer = await fetch(location.pathname, { cache: 'no-store' });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      tell(source?.readyState === EventSource.OPEN);
    } catch {
      tell(false);
    }
    setTimeout(() => {
      looking = false;
      if (wanted) look();
    }, PAUSE);
  }

  // The line.

  let source = null;
  let timer = 0;

  function tell(isLive) {
    root.classList.toggle('lost', !isLive);
    const words = isLive ? 'Live.' : 'Not live: no answer from warrener.';
    if (by('link').textContent !== words) by('link').textContent = words;
  }

  function listen() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource('/api/v1/events');
    source.onopen = () => tell(true);
    for (const name of ['snapshot', 'recovery', 'run']) source.addEventListener(name, look);
    source.onerror = () => {
      tell(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(() => {
        listen();
        look();
      }, AGAIN);
    };
  }

  // A page that nobody sees takes no place of another listener.
  function follow() {
    if (document.hidden) {
      clearTimeout(timer);
      source?.close();
      source = null;
      return;
    }
    // The first events lead to a look.
    listen();
  }

  document.addEventListener('visibilitychange', follow);
  addEventListener('pagehide', () => source?.close());
  addEventListener('pageshow', (event) => event.persisted && follow());
  follow();

  // What a person asks for.

  const dialog = by('ask');
  if (!dialog) return;
  const WORDS = {
    approve: 'The guard is asked again; then warrener acts.',
    cancel: 'A step that is under way ends first.',
    pause: 'Until somebody resumes it, nothing is done by itself.',
    recover: 'The guard is asked; then warrener acts.',
    resume: 'From then on warrener acts by itself again, as far as its mode says.',
  };
  let asked = null;

  function needs(fields, isNeeded) {
    fields.hidden = !isNeeded;
    for (const input of fields.querySelectorAll('input')) input.disabled = !isNeeded;
  }

  function credentials() {
    const secret = by('ask-secret').value;
    const user = by('ask-user')?.value ?? '';
    if (!user) return `Bearer ${secret}`;
    const bytes = new TextEncoder().encode(`${user}:${secret}`);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
  }

  function who() {
    const known = sessionStorage.getItem(KEY) !== null;
    needs(by('ask-who'), !known);
    by('ask-forget').hidden = !known;
  }

  function open(button) {
    const { path, does, body } = button.dataset;
    asked = { path, does, body: body ?? '{}', plan: button.dataset.plan, words: button.textContent };
    by('ask-head').textContent = `${asked.words}?`;
    by('ask-words').textContent = WORDS[does] ?? '';
    by('ask-yes').textContent = asked.words;
    by('ask-error').textContent = '';
    by('ask-plan').replaceChildren();
    by('ask-show').hidden = !asked.plan;
    needs(by('ask-pause'), does === 'pause');
    who();
    dialog.showModal();
  }

  function wish() {
    if (asked.does !== 'pause') return asked.body;
    const minutes = by('ask-for').valueAsNumber;
    const reason = by('ask-reason').value;
    const pause = JSON.parse(asked.body);
    if (minutes > 0) pause.for = Math.round(minutes * 60);
    if (reason) pause.reason = reason;
    return JSON.stringify(pause);
  }

  async function post(path, body) {
    const authorization = sessionStorage.getItem(KEY) ?? credentials();
    const headers = { 'Content-Type': 'application/json', Authorization: authorization };
    const answer = await fetch(path, {
      method: 'POST',
      headers,
      body,
      cache: 'no-store',
      credentials: 'omit', // else a refusal opens the browser's own dialog
    });
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 401) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, authorization);
    who();
    if (!answer.ok) throw new Error(told.error ?? `warrener answered ${answer.status}`);
    return told;
  }

  function entry(words) {
    const item = document.createElement('li');
    item.textContent = words;
    return item;
  }

  function plan({ holds, rungs }) {
    const list = by('ask-plan');
    list.replaceChildren(...holds.map(({ words }) => entry(`Stands against it now: ${words}`)));
    for (const { name, steps } of rungs) {
      for (const { action, risk, words } of steps) {
        list.append(entry(`${name}: ${action} (${risk}): ${words}`));
      }
    }
    if (!list.children.length) list.append(entry('Nothing would be done.'));
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('button.act');
    if (button) open(button);
  });
  // The button that was pressed, or that Enter means, says which of both.
  dialog.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const isShown = event.submitter === by('ask-show');
    const buttons = [by('ask-yes'), by('ask-show')];
    for (const button of buttons) button.disabled = true;
    by('ask-error').textContent = '';
    try {
      if (isShown) plan((await post('/api/v1/runs', asked.plan)).plan);
      else {
        await post(asked.path, wish());
        by('done').textContent = `Done: ${asked.words}.`;
        dialog.close();
        look();
      }
      by('ask-secret').value = '';
    } catch (error) {
      by('ask-error').textContent = error.message;
    }
    for (const button of buttons) button.disabled = false;
  });
  by('ask-no').addEventListener('click', () => dialog.close());
  by('ask-forget').addEventListener('click', () => {
    sessionStorage.removeItem(KEY);
    who();
  });
})();
