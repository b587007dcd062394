/* The map island: our own polygons and points, no outside tiles, no glyph server.
   <div class="map" data-map-island data-lib data-worker data-areas data-points data-bounds data-pick>
   areas: GeoJSON polygons, properties {code, name, level 0-3 or absent, label?, url?}
   points: GeoJSON points, properties {id, name, url?, tone?: "bad"}, clustered here
   pick: a CSS selector of inputs to write to (see pick()). Says data-ready when first idle. */

const PATTERNS = { 1: [8, [[0, 8, 8, 0]]], 2: [6, [[0, 0, 6, 6], [0, 6, 6, 0]]], 3: [6, [[0, 3, 6, 3], [3, 0, 3, 6]]] };
const WORDS = ["低", "关注", "较高", "高"];

let library;
const load = (host) => (library ??= import(host.dataset.lib).then((gl) => (gl.setWorkerUrl(host.dataset.worker), gl)));

const token = (host, name) => getComputedStyle(host).getPropertyValue(`--${name}`).trim();

/* Walls and large font: bigger words, dots and patterns. */
const scale = (host) => parseFloat(getComputedStyle(host).fontSize) / 16;

function pattern(level, dark) {
  const [size, lines] = PATTERNS[level];
  const canvas = new OffscreenCanvas(size * 2, size * 2);
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.strokeStyle = dark ? "rgba(0,0,0,.42)" : level === 3 ? "rgba(255,255,255,.45)" : "rgba(0,0,0,.24)";
  pen.lineWidth = 1;
  for (const [x1, y1, x2, y2] of lines) {
    pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke();
  }
  return pen.getImageData(0, 0, size * 2, size * 2);
}

function styleOf(host, areas, points) {
  const t = (name) => token(host, name);
  const level = ["coalesce", ["get", "level"], -1];
  const font = t("font").split(",").map((one) => one.trim().replaceAll('"', ""));
  const k = scale(host);
  const text = { "text-font": font, "text-allow-overlap": false };
  const layers = [{ id: "ground", type: "background", paint: { "background-color": t("land") } }];
  const sources = {};
  if (areas) {
    sources.areas = { type: "geojson", data: areas, promoteId: "code", tolerance: 0.4 };
    const lit = ["case", ["boolean", ["feature-state", "here"], false], 3.5, 0.7];
    layers.push(
      { id: "areas", type: "fill", source: "areas", paint: { "fill-color": ["match", level, 3, t("risk-3"), 2, t("risk-2"), 1, t("risk-1"), t("risk-0")], "fill-opacity": 0.92 } },
      ...[1, 2, 3].map((n) => ({ id: `pattern-${n}`, type: "fill", source: "areas", minzoom: 8, filter: ["==", level, n], paint: { "fill-pattern": `level-${n}` } })),
      { id: "edges", type: "line", source: "areas", paint: { "line-color": ["case", ["boolean", ["feature-state", "here"], false], t("ink"), t("paper")], "line-width": lit } },
      { id: "names", type: "symbol", source: "areas", filter: ["has", "label"], layout: { ...text, "text-field": ["get", "label"], "text-size": 13 * k, "text-padding": 6 }, paint: { "text-color": t("ink"), "text-halo-color": t("paper"), "text-halo-width": 1.6 } },
    );
  }
  if (points) {
    sources.points = { type: "geojson", data: points, cluster: true, clusterRadius: 46 * k, clusterMaxZoom: 14 };
    layers.push(
      { id: "clusters", type: "circle", source: "points", filter: ["has", "point_count"], paint: { "circle-color": t("mark"), "circle-radius": ["step", ["get", "point_count"], 13 * k, 10, 16 * k, 50, 20 * k, 200, 25 * k], "circle-stroke-width": 2, "circle-stroke-color": t("paper") } },
      { id: "counts", type: "symbol", source: "points", filter: ["has", "point_count"], layout: { ...text, "text-field": ["get", "point_count_abbreviated"], "text-size": 13 * k, "text-allow-overlap": true }, paint: { "text-color": t("on-brand") } },
      { id: "points", type: "circle", source: "points", filter: ["!", ["has", "point_count"]], paint: { "circle-radius": 6 * k, "circle-color": ["case", ["==", ["get", "tone"], "bad"], t("bad"), t("mark")], "circle-stroke-width": 2, "circle-stroke-color": t("paper") } },
    );
  }
  return { version: 8, sources, layers };
}

const button = (label, sign, act) => {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: label });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
};

function tools(host, map, bounds) {
  const box = Object.assign(document.createElement("div"), { className: "map-tools" });
  box.append(
    button("放大", "+", () => map.zoomIn()),
    button("缩小", "−", () => map.zoomOut()),
    button("看全部", "⌂", () => map.fitBounds(bounds, { padding: 16 })),
  );
  host.append(box);
}

const centre = (feature) => {
  let [w, s, e, n] = [180, 90, -180, -90];
  for (const [x, y] of feature.geometry.coordinates.flat(feature.geometry.type === "Polygon" ? 1 : 2)) {
    w = Math.min(w, x); e = Math.max(e, x); s = Math.min(s, y); n = Math.max(n, y);
  }
  return [(w + e) / 2, (s + n) / 2];
};

/* Keyboard path: n and p walk through the areas, Enter opens the one reached; arrows and +/- move the map. */
function walk(map, tip, features) {
  let at = -1;
  const light = (on) => at >= 0 && map.setFeatureState({ source: "areas", id: features[at].properties.code }, { here: on });
  const go = (to) => {
    light(false);
    at = (to + features.length) % features.length;
    light(true);
    tip.textContent = wordsOf(features[at].properties);
    map.easeTo({ center: centre(features[at]), zoom: Math.max(map.getZoom(), 10.5), essential: false });
  };
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key === "n" || event.key === "p") go(at + (event.key === "n" ? 1 : -1));
    else if (event.key === "Enter" && at >= 0 && features[at].properties.url) location.assign(features[at].properties.url);
    else return;
    event.preventDefault();
  });
}

const wordsOf = ({ name, level, words }) => [name, words ?? (level >= 0 ? `风险${WORDS[level]}` : "")].filter(Boolean).join("，");

function listen(map, tip) {
  let lit = null;
  const light = (id, on) => id != null && map.setFeatureState({ source: "areas", id }, { here: on });
  if (map.getLayer("areas")) {
    map.on("mousemove", "areas", ({ features: [over] }) => {
      if (over.id === lit) return;
      light(lit, false); light((lit = over.id), true);
      tip.textContent = wordsOf(over.properties);
    });
    map.on("mouseleave", "areas", () => { light(lit, false); lit = null; tip.textContent = ""; });
    map.on("click", "areas", ({ features: [over], point }) => {
      const onPoint = map.getLayer("points") && map.queryRenderedFeatures(point, { layers: ["points", "clusters"] }).length;
      if (over.properties.url && !onPoint) location.assign(over.properties.url);
    });
  }
  if (!map.getLayer("points")) return;
  map.on("click", "clusters", async ({ features: [over] }) => {
    const zoom = await map.getSource("points").getClusterExpansionZoom(over.properties.cluster_id);
    map.easeTo({ center: over.geometry.coordinates, zoom });
  });
  map.on("click", "points", ({ features: [over] }) => over.properties.url && location.assign(over.properties.url));
  map.on("mouseenter", "points", ({ features: [over] }) => { tip.textContent = over.properties.name ?? ""; });
}

/* Starts one map. Resolves to the MapLibre map once its style has loaded. */
export async function start(host) {
  const gl = await load(host);
  const fetchJson = (url) => (url ? fetch(url, { headers: { Accept: "application/json" } }).then((a) => (a.ok ? a.json() : Promise.reject(new Error(`${a.status} ${url}`)))) : null);
  const [areas, points] = await Promise.all([fetchJson(host.dataset.areas), fetchJson(host.dataset.points)]);
  const [w, s, e, n] = host.dataset.bounds.split(",").map(Number);
  const bounds = [[w, s], [e, n]];
  const canvas = Object.assign(document.createElement("div"), { className: "canvas" });
  host.prepend(canvas);
  const map = new gl.Map({ container: canvas, style: styleOf(host, areas, points), bounds, fitBoundsOptions: { padding: 16 }, attributionControl: false, dragRotate: false, pitchWithRotate: false, fadeDuration: 0, maxZoom: 18,
    locale: { "Map.Title": `${host.getAttribute("aria-label") ?? "地图"}。方向键移动，加减键缩放，N、P 逐格查看，回车打开` } });
  map.touchZoomRotate.disableRotation();
  const dark = !!host.closest("[data-wall]");
  for (const level of [1, 2, 3]) map.addImage(`level-${level}`, pattern(level, dark), { pixelRatio: 2 / scale(host) });
  const tip = Object.assign(document.createElement("p"), { className: "map-tip" });
  tip.setAttribute("role", "status");
  host.append(tip);
  if (!host.closest("[data-wall]")) tools(host, map, bounds);
  host.linliMap = map;
  map.once("idle", () => { host.dataset.ready = "1"; });
  await map.once("load");
  listen(map, tip);
  if (areas?.features?.length) walk(map, tip, areas.features);
  return map;
}

/* Points at one place: a click, or Enter for the middle of the map. Calls `chosen(lon, lat)`. */
export async function pick(host, chosen, from) {
  const map = await start(host);
  const gl = await load(host);
  let pin;
  const put = ({ lng, lat }) => {
    pin ??= new gl.Marker({ color: token(host, "party") }).setLngLat([lng, lat]).addTo(map);
    pin.setLngLat([lng, lat]);
    chosen(lng, lat);
  };
  if (from) { put({ lng: from[0], lat: from[1] }); map.jumpTo({ center: from, zoom: 14 }); }
  map.on("click", (event) => put(event.lngLat));
  map.getCanvas().addEventListener("keydown", (event) => event.key === "Enter" && put(map.getCenter()));
  return map;
}

const fail = (host, error) => {
  console.error(error);
  host.dataset.failed = "1";
  host.append(Object.assign(document.createElement("p"), { className: "map-tip", textContent: "地图没有加载出来，内容见旁边的表格。" }));
};

for (const host of document.querySelectorAll("[data-map-island]:not([data-pick])")) start(host).catch((error) => fail(host, error));
