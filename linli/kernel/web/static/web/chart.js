/* Draws <table data-chart="bar line" data-lib="…/echarts.simple.min.js"> above itself: the first column names the
   points, each further column is a series of the kind in its place. The table stays, folded, as the same numbers. */

let library;
const load = (url) => (library ??= import(url).then((module) => globalThis.echarts ?? module));

const number = (cell) => {
  const plain = (cell.dataset.value ?? cell.textContent).replace(/[,，\s%]/g, "");
  return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
};

function read(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows];
  return {
    names: rows.map((row) => row.cells[0].textContent.trim()),
    series: heads.slice(1).map((name, i) => ({ name, data: rows.map((row) => number(row.cells[i + 1])) })),
  };
}

function legend(series, colours, kinds) {
  const list = Object.assign(document.createElement("ul"), { className: "legend" });
  list.setAttribute("aria-hidden", "true");
  series.forEach(({ name }, i) => {
    const mark = document.createElement("i");
    mark.style.background = colours[i % colours.length];
    if (kinds[i] === "line") mark.className = "dot", mark.style.background = colours[i % colours.length];
    const item = document.createElement("li");
    item.append(mark, name);
    list.append(item);
  });
  return list;
}

function fold(table) {
  const holder = table.closest(".table-wrap") ?? table;
  const box = document.createElement("details");
  const title = Object.assign(document.createElement("summary"), { className: "link", textContent: "查看数字表" });
  holder.before(box);
  box.append(title, holder);
  return box;
}

async function draw(table) {
  const { names, series } = read(table);
  const kinds = table.dataset.chart.split(" ");
  const box = fold(table);
  const style = getComputedStyle(box);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  const colours = [1, 2, 3, 4].map((n) => token(`series-${n}`));
  const holder = Object.assign(document.createElement("div"), { className: "chart" });
  holder.setAttribute("aria-hidden", "true"); // the table beside it is the text of this picture
  const key = legend(series, colours, kinds);
  box.before(key, holder);
  const echarts = await load(table.dataset.lib);
  const chart = echarts.init(holder, null, { renderer: "canvas" });
  const font = { fontFamily: style.fontFamily, fontSize: parseFloat(style.fontSize) * 0.8, color: token("ink-2") };
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    aria: { enabled: true, decal: { show: true } },
    color: colours,
    textStyle: font,
    grid: { left: 8, right: 12, top: 14, bottom: 4, containLabel: true },
    xAxis: { type: "category", data: names, axisLabel: font, axisTick: { show: false }, axisLine: { lineStyle: { color: token("edge") } } },
    yAxis: { type: "value", axisLabel: font, splitLine: { lineStyle: { color: token("line") } }, minInterval: 1 },
    series: series.map(({ name, data }, i) => ({ name, data, type: kinds[i] ?? kinds[0], barMaxWidth: font.fontSize * 2.5, symbolSize: font.fontSize * 0.6, lineStyle: { width: font.fontSize / 5 } })),
  });
  new ResizeObserver(() => chart.resize()).observe(holder);
  table.dataset.ready = "1";
}

for (const table of document.querySelectorAll("table[data-chart]")) draw(table).catch((error) => { console.error(error); table.closest("details")?.setAttribute("open", ""); });
