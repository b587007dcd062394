/* Reporting: danger words are answered while they are typed, questions follow the chosen class; the code is copied. */

const form = document.querySelector("form.report");
if (form) {
  const words = form.dataset.words.split("|").filter(Boolean);
  const alarm = form.querySelector("[data-danger]");
  const look = () => { alarm.hidden = !words.some((word) => form.elements.text.value.includes(word)); };
  form.elements.text.addEventListener("input", look);
  look();

  const box = form.querySelector("[data-asks]");
  const ask = (question, n) => {
    const field = Object.assign(document.createElement("div"), { className: "field" });
    const label = Object.assign(document.createElement("label"), { htmlFor: `id_ask${n}`, textContent: question });
    label.append(Object.assign(document.createElement("span"), { className: "opt", textContent: "（选填）" }));
    field.append(label, Object.assign(document.createElement("input"), { type: "text", id: `id_ask${n}`, name: `ask${n}`, maxLength: 200 }));
    return field;
  };
  for (const chip of form.querySelectorAll("[name=class_said]")) {
    chip.addEventListener("change", () => box.replaceChildren(...(chip.dataset.ask?.split("|") ?? []).map(ask)));
  }
}

const tools = document.querySelector("[data-tools]");
if (tools) {
  tools.hidden = false;
  const said = tools.querySelector("[data-said]");
  const code = document.querySelector("[data-code]");
  tools.querySelector("[data-print]").addEventListener("click", () => print());
  tools.querySelector("[data-copy]").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent.trim());
      said.textContent = "已复制";
    } catch {
      getSelection().selectAllChildren(code);
      said.textContent = "已选中，请长按复制";
    }
  });
}
