/* The offline shell: this release's own files, and the pages marked X-Linli-Offline. Wiped on sign-out. */
const NAME = "linli-{{ version }}";
const FILES = {{ files|safe }};
const TRAY = "{{ tray }}";
const PATIENCE = 5000;

self.addEventListener("install", (event) => event.waitUntil(caches.open(NAME).then((c) => Promise.allSettled(FILES.map((f) => c.add(f)))).then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n !== NAME).map((n) => caches.delete(n)))).then(() => self.clients.claim())));
self.addEventListener("message", (event) => event.waitUntil(Promise.allSettled((event.data.keep ?? []).map((url) => fresh(new Request(url, { credentials: "same-origin" }))))));

async function fresh(request) {
  const answer = await fetch(request);
  if (answer.ok && answer.headers.get("X-Linli-Offline")) (await caches.open(NAME)).put(request.url.split("#")[0], answer.clone());
  return answer;
}

async function page(request) {
  const kept = await caches.match(request.url.split("#")[0]);
  try {
    const late = new Promise((_, fail) => setTimeout(fail, PATIENCE));
    return await (kept ? Promise.race([fresh(request), late]) : fresh(request));
  } catch {
    return kept ?? (await caches.match(TRAY)) ?? new Response("没有网络", { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } });
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (FILES.includes(new URL(request.url).pathname)) event.respondWith(caches.match(request, { ignoreSearch: true }).then((kept) => kept ?? fetch(request)));
});
