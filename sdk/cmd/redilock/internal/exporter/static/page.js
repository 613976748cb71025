// The page is complete without this: it keeps it up to date. Text is only ever set as text.
'use strict';

const byId = (id) => document.getElementById(id);

function short(ms) {
  if (ms < 60000) return (Math.max(ms, 0) / 1000).toFixed(1) + 's';
  const s = Math.round(ms / 1000);
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return (h ? h + 'h' : '') + m + 'm' + (s % 60) + 's';
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function status(fresh, open) {
  const node = byId('status');
  node.className = fresh && open ? 'ok' : 'away';
  set(node, !open ? 'the exporter does not answer' : fresh ? 'live' : 'no answer from the server');
}

// listen follows a stream. The browser connects again by itself.
function listen(url, apply) {
  let fresh = true;
  const source = new EventSource(url);
  source.onmessage = (event) => {
    const data = JSON.parse(event.data);
    if (data.fresh !== undefined) fresh = data.fresh;
    apply(data);
    status(fresh, true);
  };
  source.onopen = () => status(fresh, true);
  source.onerror = () => status(fresh, false);
}

function leftText(lock, now) {
  if (lock.endless) return 'no expiry';
  return lock.left_ms < 0 ? '' : short(lock.left_ms - (now - lock.at));
}

function heldText(lock, now) {
  return lock.held_ms < 0 ? '' : short(lock.held_ms + (now - lock.at));
}

function showTable(table) {
  const body = table.tBodies[0];
  const rows = new Map(); // by id: {lock, tr, cells}
  const filter = byId('filter'), free = byId('free');
  let first = true;

  function make(lock) {
    const tr = element('tr');
    tr.setAttribute('role', 'row');
    const link = element('a', lock.name);
    link.href = '/lock/' + lock.id;
    const cells = [0, 1, 2, 3, 4, 5, 6].map((i) => {
      const td = element('td', i ? '' : undefined, i > 1 ? 'n' : '');
      td.setAttribute('role', 'cell');
      tr.append(td);
      return td;
    });
    cells[0].append(link);
    return { lock, tr, cells };
  }

  function visible(one) {
    const text = filter.value;
    return (free.checked || one.lock.state !== 'free') &&
      (!text || one.lock.name.includes(text) || one.lock.holder.includes(text));
  }

  function count(one, now) {
    const left = one.lock.left_ms - (now - one.lock.at);
    set(one.cells[4], leftText(one.lock, now));
    one.cells[4].classList.toggle('low', one.lock.left_ms >= 0 && left < 1000);
    set(one.cells[6], heldText(one.lock, now));
  }

  function fill(one, now) {
    const { lock, tr, cells } = one;
    tr.className = lock.state;
    set(cells[1], lock.holder);
    set(cells[2], lock.used);
    set(cells[3], lock.fence);
    set(cells[5], lock.waiting ? String(lock.waiting) : '');
    tr.hidden = !visible(one);
    count(one, now);
  }

  function place(one) { // by binary search: the rows are in the order of their names
    let low = 0, high = body.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows.get(body.rows[middle].dataset.id).lock.name < one.lock.name) low = middle + 1;
      else high = middle;
    }
    body.insertBefore(one.tr, body.rows[low] || null);
  }

  function apply(update) {
    const now = performance.now();
    if (first) {
      first = false;
      body.replaceChildren();
    }
    if (rows.size === 0) update.rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const lock of update.rows) {
      lock.at = now;
      let one = rows.get(lock.id);
      if (one) one.lock = lock;
      else {
        one = make(lock);
        one.tr.dataset.id = lock.id;
        place(one);
        rows.set(lock.id, one);
      }
      fill(one, now);
    }
    for (const id of update.gone) {
      const one = rows.get(id);
      if (one) one.tr.remove();
      rows.delete(id);
    }
    set(byId('counts'), update.shown + ' shown' + (update.left ? ', ' + update.left + ' more in use' : ''));
    byId('none').hidden = rows.size > 0;
  }

  // Only what is on the screen counts down.
  setInterval(() => {
    const now = performance.now(), top = body.getBoundingClientRect().top, height = 32;
    const all = [...rows.size ? body.rows : []].filter((tr) => !tr.hidden);
    const tall = all.length ? all[0].offsetHeight || height : height;
    const from = Math.max(Math.floor(-top / tall) - 5, 0);
    for (const tr of all.slice(from, from + Math.ceil(innerHeight / tall) + 10)) count(rows.get(tr.dataset.id), now);
  }, 200);
  const again = () => rows.forEach((one) => { one.tr.hidden = !visible(one); });
  filter.addEventListener('input', again);
  free.addEventListener('change', again);
  listen('/events', apply);
}

// fill lists holders or waiters, and how many there are besides.
function fill(list, places, rest, more) {
  list.replaceChildren(...places.map((p) => {
    const li = element('li', p.owner + ' ');
    li.append(element('small', p.terms));
    return li;
  }));
  set(rest, 'and ' + more + ' more');
  rest.hidden = more <= 0;
}

function showLock(main) {
  let lock;
  function count() {
    if (!lock) return;
    const now = performance.now();
    set(byId('left'), leftText(lock, now));
    set(byId('held'), heldText(lock, now));
  }
  listen('/events?lock=' + encodeURIComponent(main.dataset.id), (data) => {
    lock = data;
    lock.at = performance.now();
    byId('holder').className = lock.state;
    set(byId('holder'), lock.holder);
    set(byId('fence'), lock.fence);
    set(byId('waiting'), String(lock.waiting));
    set(byId('since'), lock.since);
    set(byId('error'), lock.error);
    byId('error').hidden = !lock.error;
    set(byId('used'), lock.used);
    byId('used').parentNode.hidden = !lock.used;
    byId('all').hidden = lock.holders.length === 0;
    fill(byId('holders'), lock.holders, byId('hidden'), lock.hidden);
    fill(byId('queue'), lock.queue, byId('more'), lock.more);
    byId('timeline').replaceChildren(...lock.timeline.map((e) => {
      const li = element('li', undefined, e.kind);
      li.append(element('time', e.at), ' ', element('span', e.words));
      return li;
    }));
    count();
  });
  setInterval(count, 200);
}

document.documentElement.classList.add('live');
if (byId('locks')) showTable(byId('locks'));
if (byId('lock')) showLock(byId('lock'));
