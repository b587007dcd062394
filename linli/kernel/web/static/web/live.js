/* <tbody data-live="{% live_url 'incidents' %}" data-live-subject="incidents.incident" data-live-row="/incidents/row/0/"
   data-live-ticket="/live/ticket">: a fact about incidents.incident:17 swaps #row-17 for a fresh one from the server.
   Rows not on this page only count up a quiet bar; nothing jumps. Only what is critical is read out. */

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

async function swap(list, row, id) {
  const answer = await fetch(list.dataset.liveRow.replace(/\b0\b(?!.*\b0\b)/, id), { headers: { "HX-Request": "true", Accept: "text/html" } });
  if (answer.status === 404) return row.remove();
  if (!answer.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = (await answer.text()).trim();
  const fresh = holder.content.firstElementChild;
  if (!fresh || row.contains(document.activeElement)) return; // never take a row away under somebody's fingers
  const box = fresh.querySelector("input[name=ids]");
  if (box && row.querySelector("input[name=ids]")?.checked) box.checked = true;
  row.replaceWith(fresh);
  globalThis.htmx?.process(fresh);
}

function bar(list) {
  const seen = new Set();
  const link = Object.assign(document.createElement("a"), { className: "btn second fresh", href: location.href, hidden: true });
  (list.closest(".table-wrap") ?? list).before(link);
  return (id) => { link.hidden = false; link.textContent = `新增 ${seen.add(id).size} 条，点此查看`; };
}

/* `heard(fact)` may be given by a page that shows more than rows, e.g. a board. */
export function follow(list, heard = null) {
  const more = bar(list);
  const { liveSubject: subject, liveTicket: renew } = list.dataset;
  const idOf = (fact) => (fact.subject?.startsWith(`${subject}:`) ? fact.subject.split(":")[1] : fact[subject?.split(".")[1]]);
  const open = (url) => {
    const stream = new EventSource(url);
    stream.addEventListener("fact", ({ data }) => {
      const fact = JSON.parse(data);
      heard?.(fact);
      const id = idOf(fact);
      if (id == null) return;
      if (fact.urgency === "critical") say("有紧急事项更新，请查看列表");
      const row = document.getElementById(`row-${id}`);
      if (row) swap(list, row, id); else more(id);
    });
    stream.addEventListener("reset", () => more("reset"));
    stream.addEventListener("error", async () => {
      if (stream.readyState !== EventSource.CLOSED || !renew) return; // the browser comes back by itself
      const { url: base, ticket } = await fetch(renew).then((a) => a.json()).catch(() => ({}));
      if (ticket) setTimeout(() => open(`${base}?${new URLSearchParams({ ticket, kinds: new URL(url, location.href).searchParams.get("kinds") ?? "" })}`), 5000);
    });
    addEventListener("pagehide", () => stream.close(), { once: true });
  };
  if (list.dataset.live) open(list.dataset.live);
}

document.querySelectorAll("[data-live-row]").forEach((list) => follow(list));
