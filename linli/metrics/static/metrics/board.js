/* The situation board: grids coloured by open cases, dots that add up, and parts renewed when something happens. */
import { start } from "../web/map.js";
import { follow } from "../web/live.js";

const json = (url) => fetch(url, { headers: { Accept: "application/json" } }).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`${answer.status} ${url}`))));
const token = (host, name) => getComputedStyle(host).getPropertyValue(`--${name}`).trim();
const host = document.querySelector("[data-board-map]");
const board = document.querySelector("[data-board]");

/* Writes level, words and address into the outlines the map already holds. */
function colour(map, loads) {
  const source = map.getSource("areas");
  const outlines = source.serialize().data;
  for (const { properties } of outlines.features) {
    const load = loads[properties.code];
    properties.level = load?.level ?? 0;
    properties.words = load?.words ?? "没有未结事件";
    properties.url = host.dataset.cases + properties.code;
  }
  source.setData(outlines);
}

const SUM = { n: ["+", ["get", "n"]], bad: ["+", ["get", "bad"]] };
const named = (n) => (n >= 10000 ? `${(n / 10000).toFixed(1)}万` : String(n));

function dots(map, points) {
  for (const point of points.features) point.properties.said = named(point.properties.n);
  if (map.getSource("cases")) return map.getSource("cases").setData(points);
  const k = parseFloat(getComputedStyle(host).fontSize) / 16;
  const t = (name) => token(host, name);
  const font = t("font").split(",").map((one) => one.trim().replaceAll('"', ""));
  map.addSource("cases", { type: "geojson", data: points, cluster: true, clusterRadius: 44 * k, clusterMaxZoom: 15, clusterProperties: SUM });
  const many = ["any", ["has", "point_count"], [">", ["get", "n"], 1]];
  const size = ["step", ["get", "n"], 12 * k, 10, 15 * k, 50, 19 * k, 200, 23 * k, 1000, 28 * k];
  map.addLayer({ id: "clusters", type: "circle", source: "cases", filter: many, paint: { "circle-color": t("mark"), "circle-radius": size, "circle-stroke-width": 2, "circle-stroke-color": t("paper") } });
  map.addLayer({ id: "counts", type: "symbol", source: "cases", filter: many, layout: { "text-font": font, "text-field": ["to-string", ["get", "n"]], "text-size": 13 * k, "text-allow-overlap": true }, paint: { "text-color": t("on-brand") } });
  map.addLayer({ id: "points", type: "circle", source: "cases", filter: ["!", many], paint: { "circle-radius": 5.5 * k, "circle-color": ["case", [">", ["get", "bad"], 0], t("bad"), t("mark")], "circle-stroke-width": 2, "circle-stroke-color": t("paper") } });
  map.on("click", "clusters", async ({ features: [over] }) => {
    const { cluster_id: cluster } = over.properties;
    const zoom = cluster == null ? map.getZoom() + 2 : await map.getSource("cases").getClusterExpansionZoom(cluster);
    map.easeTo({ center: over.geometry.coordinates, zoom });
  });
  map.on("click", "points", ({ features: [over] }) => over.properties.url && location.assign(over.properties.url));
  map.on("mouseenter", "points", ({ features: [over] }) => { host.querySelector(".map-tip").textContent = over.properties.name ?? ""; });
}

let map = null;
async function renewMap() {
  if (!map) return;
  const [{ loads }, points] = await Promise.all([json(host.dataset.loads), json(host.dataset.boardPoints)]);
  colour(map, loads);
  dots(map, points);
}

async function open() {
  map = await start(host);
  await renewMap();
  map.once("idle", () => { host.dataset.filled = "1"; });
}

async function renew() {
  const answer = await fetch(board.dataset.parts, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-part]")) {
    const part = fresh.getElementById(old.id);
    // never take something away under somebody's fingers, nor fold up what somebody reads
    if (part && !old.contains(document.activeElement) && !old.querySelector("details[open]")) old.replaceWith(part);
  }
  await renewMap();
}

/* At most once in `pause` ms, and only while somebody looks. */
const PAUSE = 8000;
let due = null;
const soon = () => { due ??= setTimeout(() => { due = null; if (!document.hidden) renew().catch(console.error); }, PAUSE); };
document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });

const list = document.querySelector("[data-board-live]");
if (list) {
  list.dataset.live = list.dataset.boardLive;
  list.dataset.liveRow = list.dataset.boardRow ?? "";
  if (list.dataset.boardRow) follow(list, soon);
  else listen(list);
}

/* The wall has no row to swap and no button to press: it only hears that something happened. */
function listen({ dataset }) {
  const stream = new EventSource(dataset.live);
  stream.addEventListener("fact", soon);
  stream.addEventListener("reset", soon);
  stream.addEventListener("error", async () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    const { url, ticket } = await json(dataset.liveTicket).catch(() => ({}));
    if (ticket) dataset.live = `${url}?${new URLSearchParams({ ticket, kinds: "incidents,dispatch" })}`;
    setTimeout(() => listen({ dataset }), 5000);
  });
}

const clock = document.querySelector("[data-clock]");
if (clock) {
  const words = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
  const tick = () => {
    clock.textContent = words.format(new Date());
  };
  tick();
  setInterval(tick, 5000);
  setInterval(soon, 60000);
}

if (host) open().catch((error) => {
  console.error(error);
  host.dataset.failed = "1";
  host.append(Object.assign(document.createElement("p"), { className: "map-tip", textContent: "地图没有加载出来，内容见旁边的表格。" }));
});
