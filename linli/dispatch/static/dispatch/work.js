/* The phone's pages: order by distance, take the position along, fold out the map, and send an act now —
   or, when the network does not answer in time, hand it to the queue of offline.js under the same UUID. */

const PATIENCE = 12_000;

const where = () => new Promise((done) => {
  if (!navigator.geolocation) return done(null);
  navigator.geolocation.getCurrentPosition(({ coords }) => done(coords), () => done(null), { enableHighAccuracy: true, timeout: 6000, maximumAge: 60_000 });
});

const near = document.querySelector("[data-near][aria-current]");
if (near && !new URLSearchParams(location.search).has("lon")) {
  where().then((at) => at && location.replace(`?view=near&lon=${at.longitude.toFixed(5)}&lat=${at.latitude.toFixed(5)}`));
}

async function send(form) {
  const said = form.querySelector("[data-act-said]");
  const say = (words) => { if (said) said.textContent = words; };
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    say("正在提交……");
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin", signal: stop.signal });
    if (answer.status >= 500) throw new TypeError(`${answer.status}`);
    if (answer.redirected && answer.ok) return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    ready(document.querySelector("main"));
    (document.querySelector("[data-errors], [role=alert], h1") ?? document.body).scrollIntoView();
  } catch {
    if (!document.querySelector("script[data-sync]")) { say("没有连上服务器，请稍后再提交。"); form.removeAttribute("aria-busy"); return; }
    say("没有网络，已存入手机，联网后自动上传。");
    form.dataset.down = "1";
    form.requestSubmit();
  } finally {
    clearTimeout(timer);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-act]")) return;
  if (form.dataset.down) { delete form.dataset.down; return; } // offline.js queues it
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.getAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  const id = form.elements.client_uuid;
  if (id) form.dataset.uuid = id.value;
  send(form);
}, true);

function fold(box) {
  box.addEventListener("toggle", async () => {
    const host = box.querySelector(".map");
    if (!box.open || host.linliMap || host.dataset.busy) return;
    host.dataset.busy = "1";
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: box.dataset.css }));
    const [x, y] = host.dataset.centre.split(",").map(Number);
    host.dataset.bounds = [x - 0.012, y - 0.009, x + 0.012, y + 0.009].join(",");
    const { start } = await import(box.dataset.script);
    start(host).catch(() => { host.append("地图没有加载出来。"); });
  });
}

function ready(root) {
  root.querySelectorAll("[data-map-fold]").forEach(fold);
  const forms = [...root.querySelectorAll("form[data-act]")].filter((form) => form.elements.lon && form.elements.lat);
  if (forms.length) where().then((at) => at && forms.forEach((form) => { form.elements.lon.value = at.longitude; form.elements.lat.value = at.latitude; }));
}

ready(document);
