/* Lists: how many are ticked, tick all, tick a range with Shift; and the live stream where there is one. */

for (const form of document.querySelectorAll("[data-bulk]")) {
  const boxes = () => [...form.querySelectorAll("input[name=ids]")];
  const said = form.querySelector("[data-bulk-count]");
  const first = said.textContent;
  const acts = form.querySelectorAll("[name=act]");
  const all = Object.assign(document.createElement("input"), { type: "checkbox" });
  all.setAttribute("aria-label", "全选本页");
  const label = document.createElement("label");
  label.append(all);
  form.querySelector("thead .sel")?.replaceChildren(label);
  let last = null;
  const count = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    said.textContent = chosen ? `已选 ${chosen} 条` : first;
    acts.forEach((act) => { act.disabled = !chosen; });
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  };
  all.addEventListener("change", () => { boxes().forEach((box) => { box.checked = all.checked; }); count(); });
  form.addEventListener("click", (event) => {
    if (event.target.name !== "ids") return;
    const list = boxes();
    const [a, b] = [list.indexOf(last), list.indexOf(event.target)].sort((x, y) => x - y);
    if (event.shiftKey && a >= 0) list.slice(a, b + 1).forEach((box) => { box.checked = event.target.checked; });
    last = event.target;
    count();
  });
  count();
}
if (document.querySelector("[data-live-row]")) import("./live.js");
