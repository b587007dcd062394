/* The desk's keys, and the map: a pin on the case, a click that says where it is. */

const typing = (event) => event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=radio]), textarea, select, [contenteditable], .map, dialog");
const key = (name) => document.querySelector(`[data-key="${name}"]`);

const step = (by) => {
  const links = [...document.querySelectorAll(".queue-list a")];
  const at = links.findIndex((link) => link.getAttribute("aria-current"));
  const to = links[Math.min(links.length - 1, Math.max(0, at + by))];
  if (to && to !== links[at]) location.assign(to.href);
};

addEventListener("keydown", (event) => {
  if (typing(event)) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); return step(event.key === "ArrowDown" ? 1 : -1); }
  const hit = /^[123fcdm]$/i.test(event.key) && key(event.key.toLowerCase());
  if (!hit) return;
  event.preventDefault();
  if (hit.type === "radio") { hit.checked = true; hit.focus(); return; }
  const wants = hit.dataset.wants && document.getElementById(hit.dataset.wants);
  if (wants && !wants.value.trim()) return wants.focus();
  hit.click();
});

document.querySelector("#triage")?.addEventListener("submit", (event) => {
  const form = event.currentTarget;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
});
document.querySelector(".queue-list [aria-current]")?.scrollIntoView({ block: "nearest" });

const host = document.querySelector("[data-desk-map]");
const form = document.querySelector("[data-locate]");

async function pins() {
  for (let n = 0; n < 100 && !host.linliMap; n += 1) await new Promise((done) => { setTimeout(done, 100); });
  const map = host.linliMap;
  if (!map) return;
  const { Marker } = await import(host.dataset.lib);
  const tone = (name) => getComputedStyle(host).getPropertyValue(`--${name}`).trim();
  if (host.dataset.here) new Marker({ color: tone("party") }).setLngLat(host.dataset.here.split(",").map(Number)).addTo(map);
  let pin;
  const put = ({ lng, lat }) => {
    pin ??= new Marker({ color: tone("brand") }).setLngLat([lng, lat]).addTo(map);
    pin.setLngLat([lng, lat]);
    form.elements.place_1.value = lng.toFixed(6);
    form.elements.place_2.value = lat.toFixed(6);
    form.querySelector("button").hidden = false;
    form.querySelector("[data-locate-said]").textContent = "已选新位置，蓝色标记处。";
  };
  const dots = () => ["points", "clusters"].filter((layer) => map.getLayer(layer));
  map.on("click", (event) => { if (!map.queryRenderedFeatures(event.point, { layers: dots() }).length) put(event.lngLat); });
  map.getCanvas().addEventListener("keydown", (event) => { if (event.key === "Enter") put(map.getCenter()); });
}
if (host && form) pins();
