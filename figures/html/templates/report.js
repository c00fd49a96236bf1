"use strict";
// The item browser: only the rows in sight exist in the page, so that ten thousand items scroll as fast as ten.
// Whatever came from a model or a table is set with textContent, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const list = byId("list"), spacer = byId("spacer"), detail = byId("detail"), count = byId("count");
  const ROW = 28, FACETS = ["target", "condition", "agreement", "outcome", "source"], DASH = "–";
  const text = (name, i) => data.texts[data[name][i]];
  const value = (name, i) => (name === "agreement" ? data.agreements[data.agreement[i]] : text(name, i));
  const number = (name, i) => (data[name][i] === null ? DASH : String(+data[name][i].toPrecision(4)).replace("-", "−"));
  let shown = [], at = -1, haystack = null;

  const element = (kind, content, name) => {
    const made = document.createElement(kind);
    if (content !== undefined) made.textContent = content;
    if (name) made.className = name;
    return made;
  };

  const fillFacet = (name) => {
    const found = [...new Set(Array.from({ length: data.n }, (_, i) => value(name, i)))].filter((v) => v !== "");
    const select = byId(name);
    select.append(new Option("all", ""), ...found.map((v) => new Option(v, v)));
    select.disabled = found.length < 2;
  };

  // Lower-cased once, at the first search: building it is slower than searching it.
  const searchable = () => haystack ||= Array.from({ length: data.n }, (_, i) =>
    [data.item_id[i], ...["label", "report", "reply", "object_reply", "object_prompt", "report_prompt", "source"].map((c) => text(c, i)),
      ...(data.others[i] || []).map((o) => data.texts[o[1]])].join("\n").toLowerCase());

  const sorted = (rows, how) => {
    if (!how) return rows;
    const down = how.startsWith("-"), column = data[down ? how.slice(1) : how];
    const known = rows.filter((i) => column[i] !== null), missing = rows.filter((i) => column[i] === null);
    known.sort((a, b) => (down ? column[b] - column[a] : column[a] - column[b]) || a - b);
    return known.concat(missing);
  };

  const filter = () => {
    const started = performance.now();
    const query = byId("search").value.trim().toLowerCase(), texts = query ? searchable() : null;
    const wanted = FACETS.map((name) => [name, byId(name).value]).filter(([, v]) => v !== "");
    const kept = [];
    for (let i = 0; i < data.n; i++) {
      if (wanted.every(([name, v]) => value(name, i) === v) && (!texts || texts[i].includes(query))) kept.push(i);
    }
    shown = sorted(kept, byId("sort").value);
    at = shown.length ? 0 : -1;
    delete byId("items").dataset.chosen;
    list.scrollTop = 0;
    spacer.style.height = `${shown.length * ROW}px`;
    render();
    show();
    const apart = data.left_out ? ` ${data.left_out} replies in other elicitations are in probes/replies.parquet.` : "";
    count.textContent = `${shown.length} of ${data.n} items.${apart}`;
    count.dataset.milliseconds = String(Math.round(performance.now() - started));
  };

  // Names often differ at their ends alone: what does not fit is left out before the last characters.
  const named = (name) => {
    const made = element("span", undefined, "name"), letters = [...name];
    made.append(element("span", letters.slice(0, -6).join("")), element("span", letters.slice(-6).join("")));
    return made;
  };

  const row = (place) => {
    const i = shown[place], made = element("div", undefined, "item");
    made.id = `row-${place}`;
    made.style.top = `${place * ROW}px`;
    made.dataset.place = place;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", String(place === at));
    made.setAttribute("aria-posinset", place + 1);
    made.setAttribute("aria-setsize", shown.length);
    made.title = `${text("target", i)} · ${text("condition", i)}`;
    made.append(
      named(data.item_id[i]), element("span", text("label", i)), element("span", text("report", i) || DASH),
      element("span", number("probe", i), "number"), element("span", value("agreement", i)), element("span", text("outcome", i)),
      element("span", text("reply", i)));
    return made;
  };

  const render = () => {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 10);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 10);
    spacer.replaceChildren(...Array.from({ length: Math.max(0, last - first) }, (_, k) => row(first + k)));
    if (at >= first && at < last) list.setAttribute("aria-activedescendant", `row-${at}`);
    else list.removeAttribute("aria-activedescendant");
  };

  const show = () => {
    if (at < 0) return detail.replaceChildren();
    const i = shown[at], parts = element("dl");
    const add = (name, content, verbatim) => {
      if (content === "") return;
      const value = element("dd");
      value.append(verbatim ? element("pre", content) : content);
      parts.append(element("dt", name), value);
    };
    add("item", `${data.item_id[i]} · ${text("target", i)} · ${text("condition", i)}`);
    add("label", text("label", i));
    add("probe", `${number("probe", i)} (${value("agreement", i)})`);
    add("report, as read", text("report", i) || `${DASH} (${text("outcome", i)})`);
    add("reply, as said", text("reply", i), true);
    add("report prompt", text("report_prompt", i), true);
    add("reply to the object prompt", text("object_reply", i), true);
    add("object prompt", text("object_prompt", i), true);
    add("source", text("source", i));
    add("group, fold", `${number("group", i)}, ${number("fold", i)}`);
    for (const [name, reply, outcome] of data.others[i] || []) {
      add(data.texts[name] + (outcome ? ` (${data.texts[outcome]})` : ""), data.texts[reply] || DASH, true);
    }
    detail.replaceChildren(parts);
    detail.scrollTop = 0;
  };

  const go = (place) => {
    if (!shown.length) return;
    at = Math.max(0, Math.min(shown.length - 1, place));
    byId("items").dataset.chosen = "";
    if (at * ROW < list.scrollTop) list.scrollTop = at * ROW;
    if ((at + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (at + 1) * ROW - list.clientHeight;
    render();
    show();
  };

  list.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: shown.length - 1 };
    if (event.key in steps) { event.preventDefault(); go(steps[event.key]); }
  });
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest(".item");
    if (chosen) go(Number(chosen.dataset.place));
  });
  list.addEventListener("scroll", () => requestAnimationFrame(render), { passive: true });
  new ResizeObserver(render).observe(list);
  byId("filters").addEventListener("input", filter);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());

  // Paper cannot be opened: what is closed on the screen is printed too, and closed again afterwards.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));

  FACETS.forEach(fillFacet);
  filter();
})();
