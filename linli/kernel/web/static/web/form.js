/* What a form gains with JavaScript: place by GPS or map, photo previews and shrinking, drafts, one submit. */

const LARGEST = 1600; // pixels of the longer side: enough to read a number plate, small enough for a village signal

export async function shrink(file) {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < 400_000) return file;
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) return file;
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified }) : file;
}

function photos(input) {
  const list = input.parentElement.querySelector("[data-thumbs]");
  let kept = [];
  const show = () => {
    const box = new DataTransfer();
    kept.forEach((file) => box.items.add(file));
    input.files = box.files;
    list.replaceChildren(...kept.map((file, i) => {
      const item = document.createElement("li");
      const image = Object.assign(document.createElement("img"), { src: URL.createObjectURL(file), alt: file.name, onload() { URL.revokeObjectURL(this.src); } });
      const off = Object.assign(document.createElement("button"), { type: "button", textContent: "✕" });
      off.setAttribute("aria-label", `去掉 ${file.name}`);
      off.addEventListener("click", () => { kept.splice(i, 1); show(); input.focus(); });
      item.append(image, off);
      return item;
    }));
  };
  input.addEventListener("change", async () => {
    const chosen = await Promise.all([...input.files].map(shrink));
    kept = [...kept, ...chosen].slice(0, Number(input.dataset.most) || 9);
    show();
  });
}

const settle = (form) => (box, lon, lat, source, words) => {
  const [text, x, y, system, how] = box.querySelectorAll("input");
  [x.value, y.value, system.value, how.value] = [lon.toFixed(6), lat.toFixed(6), "wgs84", source];
  box.querySelector("[data-place-said]").textContent = words + (text.value ? "" : "，可再补写地址");
  form.dispatchEvent(new Event("input"));
};

function place(box, form) {
  const put = settle(form);
  const said = box.querySelector("[data-place-said]");
  box.querySelector("[data-place-tools]").hidden = false;
  box.querySelector("[data-place-here]").addEventListener("click", () => {
    if (!navigator.geolocation) { said.textContent = "这部设备不能定位，请写地址或在地图上选点。"; return; }
    said.textContent = "正在定位……";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => put(box, coords.longitude, coords.latitude, "gps", `已定位，误差约 ${Math.round(coords.accuracy)} 米`),
      () => { said.textContent = "没有取到位置。请允许定位，或写地址、在地图上选点。"; },
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
    );
  });
  box.querySelector("[data-place-map]").addEventListener("click", () => choose(box, form, put));
}

async function choose(box, form, put) {
  const { map, mapCss, maplibre, worker } = form.dataset;
  if (!document.querySelector(`link[href="${mapCss}"]`)) document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: mapCss }));
  const dialog = Object.assign(document.createElement("dialog"), { className: "big" });
  dialog.innerHTML = `<div class="stack"><h2>点出位置</h2><div class="map"><p class="map-note">示意边界，非真实区划</p></div><p class="quiet" role="status">点一下地图，或移动地图后按回车选定中心点。</p><div class="acts"><button class="btn" type="button" value="ok" disabled>就选这里</button><button class="btn second" type="button" value="">取消</button></div></div>`;
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  const host = dialog.querySelector(".map");
  Object.assign(host.dataset, { lib: maplibre, worker, bounds: form.dataset.bounds ?? "113.17,27.85,114.25,28.57", pick: "1" });
  if (form.dataset.areas) host.dataset.areas = form.dataset.areas;
  let point = null;
  const [ok, no] = dialog.querySelectorAll("button[value]");
  no.addEventListener("click", () => dialog.close());
  ok.addEventListener("click", () => { put(box, ...point, "pin", "已在地图上选点"); dialog.close(); });
  const [, x, y] = box.querySelectorAll("input");
  const from = x.value && y.value ? [Number(x.value), Number(y.value)] : null;
  const { pick } = await import(map);
  await pick(host, (lon, lat) => { point = [lon, lat]; ok.disabled = false; }, from);
}

/* Drafts live in this tab only: a shared computer at the service desk must not show them to the next person. */
function draft(form) {
  const key = `draft:${form.dataset.draft}`;
  const skip = /^(csrfmiddlewaretoken|client_uuid|base_version|_check)$/;
  const inputs = () => [...form.elements].filter((e) => e.name && !skip.test(e.name) && !/^(file|password)$/.test(e.type));
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (kept && !form.querySelector("[data-errors]")) {
    for (const input of inputs()) {
      const was = kept[input.name];
      if (was === undefined) continue;
      if (/^(checkbox|radio)$/.test(input.type)) input.checked = was.includes(input.value);
      else if (!input.value) input.value = was[0] ?? "";
    }
  }
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const now = {};
      for (const input of inputs()) {
        now[input.name] ??= [];
        if (!/^(checkbox|radio)$/.test(input.type) || input.checked) now[input.name].push(input.value);
      }
      sessionStorage.setItem(key, JSON.stringify(now));
    }, 400);
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}

for (const form of document.querySelectorAll("form.form")) {
  form.querySelectorAll("[data-photos]").forEach(photos);
  form.querySelectorAll("[data-place]").forEach((box) => place(box, form));
  if (form.dataset.draft) draft(form);
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    const button = event.submitter ?? form.querySelector(".acts .btn");
    if (button) { button.setAttribute("aria-disabled", "true"); button.textContent = "正在提交……"; }
  });
}
addEventListener("pageshow", (event) => event.persisted && document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
document.querySelector("[data-errors]")?.focus();
