/* <tbody data-live="/live/…" data-live-row="/incidents/rows/0/">: one stream; a message {id, act, urgent, text}
   swaps the row #row-<id> for a fresh one from the server. New rows only count up a bar; nothing jumps. */

const say = (text) => {
  let box = document.querySelector("[data-live-said]");
  if (!box) {
    box = Object.assign(document.createElement("p"), { className: "away" });
    box.setAttribute("role", "alert");
    box.dataset.liveSaid = "";
    document.body.append(box);
  }
  box.textContent = text;
};

async function swap(list, id) {
  const row = document.getElementById(`row-${id}`);
  const answer = await fetch(list.dataset.liveRow.replace(/0\/?$/, `${id}/`), { headers: { "HX-Request": "true", Accept: "text/html" } });
  if (!row) return;
  if (answer.status === 404) return row.remove();
  if (!answer.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = (await answer.text()).trim();
  const fresh = holder.content.querySelector("tr, li, article");
  if (!fresh || row.contains(document.activeElement)) return; // never take a row away under somebody's fingers
  const ticked = row.querySelector("input[name=ids]")?.checked;
  row.replaceWith(fresh);
  if (ticked) fresh.querySelector("input[name=ids]").checked = true;
  globalThis.htmx?.process(fresh);
}

function bar(list) {
  let waiting = 0;
  const link = Object.assign(document.createElement("a"), { className: "btn second fresh", href: location.href, hidden: true });
  (list.closest(".table-wrap") ?? list).before(link);
  return () => { link.hidden = false; link.textContent = `新增 ${++waiting} 条，点此查看`; };
}

export function follow(list) {
  const more = bar(list);
  const stream = new EventSource(list.dataset.live);
  stream.onmessage = ({ data }) => {
    let said;
    try { said = JSON.parse(data); } catch { return; }
    if (said.urgent && said.text) say(said.text);
    if (document.getElementById(`row-${said.id}`)) swap(list, said.id);
    else if (said.act !== "gone") more();
  };
  addEventListener("pagehide", () => stream.close(), { once: true });
  return stream;
}

document.querySelectorAll("[data-live]").forEach(follow);
