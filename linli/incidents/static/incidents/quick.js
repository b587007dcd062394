/* The one-thumb report: the position is taken at once, and "怎么处理的" shows only when it is wanted. */

const form = document.querySelector("form.quick");
const fixed = form.querySelector("#id_fixed");
const box = form.querySelector("[data-fixed]");
const show = () => { box.hidden = !fixed.checked; };
fixed.addEventListener("change", show);
show();

const place = form.querySelector("[data-place]");
if (place && ![...place.querySelectorAll("input")].slice(0, 2).some((input) => input.value)) {
  requestAnimationFrame(() => place.querySelector("[data-place-here]")?.click());
}
