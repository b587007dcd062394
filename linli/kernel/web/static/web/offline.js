/* The phone's half of the offline core. Every act goes through the queue, with or without a network:
   <form data-offline="dispatch.handle" data-base="7" data-title="…"> or queue(kind, data, {base, title, photos}).
   An item's states: waiting · sending · done · already · superseded · refused. Text first, photos after. */

const script = document.querySelector("script[data-sync]");
const { sw, shell, sync: SYNC } = script?.dataset ?? {};
const OPEN = ["waiting", "sending"];
const WORDS = { waiting: "待上传", sending: "正在上传", done: "已上传", already: "已上传", superseded: "情况已变，已作备注保存", refused: "需要修改" };
const TONES = { waiting: "warn", sending: "plain", done: "done", already: "done", superseded: "warn", refused: "bad" };
const BATCH = 50;

let opened;
function store(mode, work) {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open("linli", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("items", { keyPath: "uuid" });
      asked.result.createObjectStore("kept");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened.then((db) => new Promise((done, fail) => {
    const deal = db.transaction(["items", "kept"], mode);
    const asked = work(deal.objectStore("items"), deal.objectStore("kept"));
    deal.oncomplete = () => done(asked?.result);
    deal.onerror = deal.onabort = () => fail(deal.error);
  }));
}

export const items = async () => {
  const [all, who] = await Promise.all([store("readonly", (i) => i.getAll()), kept("who")]);
  return all.filter((item) => !who || !item.who || item.who === who).sort((a, b) => a.captured_at.localeCompare(b.captured_at));
};
export const put = (item) => store("readwrite", (i) => i.put(item));
export const drop = (uuid) => store("readwrite", (i) => i.delete(uuid));
export const kept = (key) => store("readonly", (_, k) => k.get(key));
const keep = (key, value) => store("readwrite", (_, k) => k.put(value, key));

/* Changes an item as it stands in the store now, so that two tabs do not overwrite each other. */
const change = (uuid, changes) => store("readwrite", (i) => {
  const asked = i.get(uuid);
  asked.onsuccess = () => asked.result && i.put({ ...asked.result, ...changes });
  return asked;
});

const position = () => new Promise((done) => {
  if (!navigator.geolocation) return done(null);
  navigator.geolocation.getCurrentPosition(
    ({ coords: c }) => done({ lon: c.longitude, lat: c.latitude, accuracy: Math.round(c.accuracy) }),
    () => done(null), { timeout: 4000, maximumAge: 60_000 });
});

/* Puts one act into the queue and tries to send it. Resolves to its UUID once it is safely stored. */
export async function queue(kind, data, { base = "", title = "", photos = [], uuid = crypto.randomUUID() } = {}) {
  const { hex } = await import("./upload.js");
  const captured_at = new Date().toISOString();
  const pictures = await Promise.all(photos.map(async (blob, n) => ({ uuid: crypto.randomUUID(), name: blob.name ?? `${n + 1}.jpg`, blob, sha256: await hex(blob), sent: false })));
  await put({ uuid, kind, title, data, photos: pictures, base_version: String(base), captured_at, position: null, status: "waiting", who: await kept("who") });
  position().then((at) => at && change(uuid, { position: at })).finally(() => send());
  show();
  return uuid;
}

async function refresh() {
  const answer = await fetch(shell, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (answer.status === 403) { await keep("signed_out", true); return null; }
  if (!answer.ok) throw new Error(`${answer.status}`);
  const said = await answer.json();
  await Promise.all([keep("who", said.who), keep("shell", said), keep("signed_out", false)]);
  navigator.serviceWorker?.controller?.postMessage({ keep: said.sources.pages ?? [] });
  return said;
}

/* One tab sends at a time; the others find the queue empty. */
export const send = () => (navigator.locks ? navigator.locks.request("linli-sync", { ifAvailable: true }, (lock) => (lock ? deliver() : null)) : deliver());

async function deliver() {
  let fresh;
  try {
    fresh = await refresh();
    if (!fresh) return;
    for (let batch; (batch = (await items()).filter((i) => OPEN.includes(i.status)).slice(0, BATCH)).length;) {
      if (!await post(batch, fresh.csrf)) break;
    }
    for (const item of await items()) if (["done", "already", "superseded"].includes(item.status)) await pictures(item, fresh.csrf);
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(error); // a TypeError is fetch without a network
    for (const item of await items()) if (item.status === "sending") await change(item.uuid, { status: "waiting" });
  } finally {
    show();
  }
}

async function post(batch, csrf) {
  await Promise.all(batch.map(({ uuid }) => change(uuid, { status: "sending" })));
  show();
  const plain = batch.map(({ uuid, kind, base_version, captured_at, position, data, photos }) => ({ uuid, kind, base_version, captured_at, position, data, files: photos.map((p) => p.uuid) }));
  const answer = await fetch(SYNC, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify({ sent_at: new Date().toISOString(), items: plain }) });
  if (!answer.ok) throw new Error(`${answer.status}`);
  let moved = false;
  for (const said of (await answer.json()).answers) {
    moved ||= !said.again;
    await change(said.uuid, { status: said.again ? "waiting" : said.status, answer: said });
  }
  return moved;
}

async function pictures(item, csrf) {
  const { upload } = await import("./upload.js");
  for (const photo of item.photos) {
    if (photo.sent) continue;
    try {
      photo.key = await upload(photo, csrf, (share) => progress(item.uuid, share));
      photo.sent = true;
      delete photo.blob;
    } catch (error) {
      if (error instanceof TypeError || error.resting) throw error;
      photo.failed = error.message;
    }
    await change(item.uuid, { photos: item.photos });
  }
  if (!item.photos.every((p) => p.sent || p.failed)) return;
  const keys = item.photos.filter((p) => p.sent && !p.tied).map((p) => p.key);
  if (keys.length) {
    const answer = await fetch(SYNC + "files/", { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify({ uuid: item.uuid, keys }) });
    if (answer.status >= 500 || answer.status === 429) throw new Error(`${answer.status}`);
    const said = await answer.json();
    item.photos.forEach((p) => { p.tied = true; if (!answer.ok) p.failed = said.title; });
    await change(item.uuid, { photos: item.photos });
  }
  if (item.status !== "superseded" && !item.photos.some((p) => p.failed)) await drop(item.uuid);
}

const progress = (uuid, share) => {
  const bar = document.querySelector(`[data-item="${CSS.escape(uuid)}"] progress`);
  if (bar) { bar.hidden = false; bar.value = share; }
};

const make = (tag, props = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children.filter((c) => c != null));
  return made;
};

function card(item) {
  const left = item.photos.filter((p) => !p.sent && !p.failed).length;
  const reasons = [item.status === "done" || item.status === "already" ? null : item.answer?.message, ...item.photos.map((p) => p.failed && `照片 ${p.name}：${p.failed}`), ...Object.values(item.answer?.fields ?? {}).flat()].filter(Boolean);
  const box = make("li", { className: "card stack" },
    make("div", { className: "row spread" }, make("strong", { textContent: item.title || item.kind }), make("span", { className: `chip ${TONES[item.status]}`, textContent: WORDS[item.status] })),
    make("p", { className: "quiet small", textContent: `${new Date(item.captured_at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" })}${left ? ` · 还有 ${left} 张照片待传` : ""}` }),
    reasons.length ? make("div", { className: "note bad" }, ...reasons.map((r) => make("p", { textContent: r }))) : null,
    make("progress", { className: "bar", hidden: true, max: 1, value: 0, ariaLabel: "照片上传进度" }));
  box.dataset.item = item.uuid;
  const acts = make("div", { className: "acts" });
  if (item.status === "refused") {
    if (item.page) acts.append(make("a", { className: "btn", href: `${item.page}#repair-${item.uuid}`, textContent: "修改" }));
    acts.append(make("button", { type: "button", className: "btn second", textContent: "再试一次", onclick: () => change(item.uuid, { status: "waiting" }).then(send) }));
  }
  if (["refused", "superseded"].includes(item.status) || item.photos.some((p) => p.failed)) acts.append(make("button", { type: "button", className: "btn second", textContent: "删除", onclick: () => confirm("删除后无法找回。确定删除？") && drop(item.uuid).then(show) }));
  if (acts.children.length) box.append(acts);
  return box;
}

/* The tray, where the page has one, and the unsent count everywhere. */
export async function show() {
  const all = await items();
  const unsent = all.filter((i) => [...OPEN, "refused"].includes(i.status) || i.photos.some((p) => !p.sent)).length;
  for (const badge of document.querySelectorAll("[data-unsent]")) { badge.hidden = !unsent; badge.textContent = unsent; badge.title = `${unsent} 条未上传`; }
  const tray = document.querySelector("[data-tray]");
  if (tray) {
    tray.replaceChildren(...all.map(card));
    document.querySelector("[data-tray-empty]").hidden = all.length > 0;
  }
  const net = document.querySelector("[data-net]");
  if (net) {
    const out = await kept("signed_out");
    net.className = `chip ${out || !navigator.onLine ? "warn" : "ok"}`;
    net.textContent = out ? "请重新登录后上传" : navigator.onLine ? "已联网" : "没有网络，先存在手机里";
  }
}

/* Clears everything of this person from the phone. */
export async function wipe() {
  await store("readwrite", (i, k) => { i.clear(); return k.clear(); });
  for (const name of await caches.keys()) await caches.delete(name);
}

const fields = (form) => {
  const data = {}, photos = [];
  for (const [name, value] of new FormData(form)) {
    if (/^(csrfmiddlewaretoken|client_uuid|base_version)$/.test(name)) continue;
    if (value instanceof File) { if (value.size) photos.push(value); continue; }
    const input = form.elements[name];
    const plain = input?.type === "number" || input?.dataset?.kind === "number" ? (value === "" ? null : Number(value)) : input?.type === "checkbox" ? true : value;
    data[name] = name in data ? [].concat(data[name], plain) : plain;
  }
  return { data, photos };
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-sign-out]")) {
    if (form.dataset.wiped) return;
    event.preventDefault();
    const unsent = (await items()).filter((i) => OPEN.includes(i.status) || i.photos.some((p) => !p.sent)).length;
    if (unsent && !confirm(`还有 ${unsent} 条没有上传，退出会从这部手机删除。确定退出？`)) return;
    await wipe();
    form.dataset.wiped = "1";
    form.requestSubmit();
  } else if (form.matches("[data-offline]")) {
    event.preventDefault();
    if (!form.reportValidity()) return;
    const { data, photos } = fields(form);
    const uuid = await queue(form.dataset.offline, data, { base: form.dataset.base, title: form.dataset.title, photos, uuid: form.dataset.uuid });
    await change(uuid, { page: location.pathname });
    delete form.dataset.uuid;
    form.reset();
    form.dispatchEvent(new CustomEvent("linli:queued", { bubbles: true, detail: { uuid } }));
    if (form.dataset.next) location.assign(form.dataset.next);
  }
});

/* A refused item goes back into the form it came from, under its own UUID. */
async function repair() {
  const uuid = location.hash.match(/^#repair-(.+)$/)?.[1];
  const item = uuid && (await items()).find((i) => i.uuid === uuid);
  const form = item && document.querySelector(`form[data-offline="${CSS.escape(item.kind)}"]`);
  if (!form) return;
  for (const [name, value] of Object.entries(item.data)) {
    const input = form.elements[name];
    if (!input) continue;
    if (input.type === "checkbox") input.checked = !!value; else input.value = value ?? "";
  }
  form.dataset.uuid = uuid;
  form.scrollIntoView();
}

if (script) {
  navigator.serviceWorker?.register(sw, { scope: "/" }).catch((error) => console.warn(error));
  addEventListener("online", send);
  addEventListener("offline", show);
  document.querySelector("[data-sync-now]")?.addEventListener("click", send);
  addEventListener("hashchange", repair);
  repair();
  show().then(send);
}
