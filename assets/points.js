// The map of very many points. Coordinates, colours and selections arrive as Arrow columns, once each, in elements of
// their own; the map names them by key. Back go an outline with the viewport, an opened or a hovered point.
// Text from the data is set as text, never as HTML.

const held = new Map();
const maps = new Map();
const viewports = new Map();
const MOST_HELD = 12;
const FRAME = 30; // milliseconds that a picture may take while the hand moves
const NEAR = 12; // pixels around the pointer
const CORNERS = 48;
const REST = 160; // milliseconds without movement before anything costly happens
const KEYS = "Drag to draw around points; Shift adds to the selection. Wheel or pinch zooms, a double click shows all "
  + "again. Keys: arrows move, + and − zoom, 0 shows all, Enter opens the point in the middle, S selects what is in "
  + "view, Escape lifts the selection, L, B and M choose lasso, box and move.";

export default function (component) {
  const { parentElement, data } = component;
  if (data.kind === "columns") {
    keep(data);
    return undefined;
  }
  const root = parentElement.querySelector(".points");
  if (!maps.has(root)) maps.set(root, new PointMap(root));
  maps.get(root).update(component);
  return () => {
    maps.get(root)?.close();
    maps.delete(root);
  };
}

function keep({ key, table }) {
  const known = held.get(key);
  held.delete(key);
  held.set(key, known ?? Object.fromEntries(columnNames(table).map((name) => [name, table.getChild(name).toArray()])));
  for (const old of [...held.keys()].slice(0, Math.max(0, held.size - MOST_HELD))) held.delete(old);
  if (!known) for (const map of maps.values()) map.refresh();
}

function columnNames(table) {
  return table.schema.fields.map((field) => field.name);
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function rgb(text) {
  const hex = /^#(..)(..)(..)$/.exec(text);
  if (hex) return hex.slice(1).map((part) => parseInt(part, 16));
  return (text.match(/[\d.]+/g) ?? [128, 128, 128]).slice(0, 3).map(Number);
}

class PointMap {
  constructor(root) {
    this.root = root;
    this.mode = "lasso";
    this.count = 0;
    this.outlines = "";
    this.pointers = new Map();
    this.answers = new Map();
    this.hovered = -1;
    this.path = null;
    this.build();
    this.listen();
  }

  build() {
    this.bar = element("div", "bar");
    this.bar.setAttribute("role", "toolbar");
    this.bar.setAttribute("aria-label", "Map tools");
    this.modes = {};
    for (const [mode, words] of [["lasso", "Lasso"], ["box", "Box"], ["move", "Move"]]) {
      this.modes[mode] = this.button(words, () => this.choose(mode), `${words} (${words[0]})`);
    }
    this.bar.append(element("span", "gap"));
    this.button("+", () => this.zoom(1.6), "Zoom in (+)");
    this.button("−", () => this.zoom(1 / 1.6), "Zoom out (−)");
    this.button("Show all", () => this.fit(), "Show all points (0)");
    this.button("Select view", () => this.selectView(), "Select what is in view (S)");
    this.stage = element("div", "stage");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-roledescription", "map of points");
    this.over = element("canvas", "over");
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.tip.setAttribute("role", "status");
    this.stage.append(this.over, this.tip);
    this.legend = element("div", "legend");
    this.say = element("p", "say");
    this.say.setAttribute("role", "status");
    this.keys = element("p", "keys", KEYS);
    this.keys.id = "point-map-keys";
    this.stage.setAttribute("aria-describedby", this.keys.id);
    this.root.replaceChildren(this.bar, this.stage, this.legend, this.say, this.keys);
    this.choose("lasso");
    this.ground("webgl");
  }

  button(words, act, title) {
    const made = element("button", "", words);
    made.type = "button";
    made.title = title;
    made.onclick = act;
    if (words.length === 1) made.setAttribute("aria-label", title);
    this.bar.append(made);
    return made;
  }

  // A canvas keeps its first kind of context for good: another kind needs another canvas.
  ground(kind) {
    this.canvas?.remove();
    this.canvas = element("canvas", "ground");
    this.stage.prepend(this.canvas);
    this.drawing = kind === "webgl" ? webglDrawing(this.canvas) : plainDrawing(this.canvas);
    if (!this.drawing && kind === "webgl") {
      this.ground("plain");
      return;
    }
    this.cost = 0;
    this.drawn = null;
    this.notice = this.drawing?.name === "canvas"
      ? "This browser draws without graphics hardware, so the processor draws the map: all points are there."
      : "";
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.words("The graphics card dropped the map; it is being drawn again …");
      this.rescue = setTimeout(() => {
        this.ground("plain");
        this.resize();
      }, 2000);
    });
    this.canvas.addEventListener("webglcontextrestored", () => {
      clearTimeout(this.rescue);
      this.drawing = webglDrawing(this.canvas);
      this.words("");
      this.draw();
    });
  }

  listen() {
    const stage = this.stage;
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.moved(event));
    stage.addEventListener("pointerup", (event) => this.up(event));
    stage.addEventListener("pointercancel", (event) => this.up(event, true));
    stage.addEventListener("pointerleave", () => this.hover(-1));
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("dblclick", () => {
      clearTimeout(this.opening);
      this.fit();
    });
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), this.place(event));
    }, { passive: false });
    stage.addEventListener("keydown", (event) => this.key(event));
    stage.addEventListener("blur", () => {
      this.pointed = false;
      this.hover(-1);
    });
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(stage);
  }

  close() {
    this.watcher.disconnect();
    for (const timer of [this.rescue, this.opening, this.asking, this.settling]) clearTimeout(timer);
    cancelAnimationFrame(this.frame);
  }

  // What the server says: the keys of the columns, the legend, the selection, an answer about a point.
  update({ data, setTriggerValue }) {
    this.data = data;
    this.trigger = setTriggerValue;
    if (data.about) this.answers.set(data.about.index, data.about);
    if (this.answers.size > 400) this.answers.delete(this.answers.keys().next().value);
    this.stage.setAttribute("aria-label", data.alternative);
    this.showLegend();
    this.refresh();
    this.showTip();
  }

  refresh() {
    const { data } = this;
    if (!data) return;
    const points = held.get(data.points), codes = held.get(data.codes), mask = data.mask ? held.get(data.mask) : null;
    if (!points || !codes || (data.mask && !mask)) {
      this.words("The points are on their way …");
      return;
    }
    if (this.points !== points) {
      this.points = points;
      this.bounds = boundsOf(points.x, points.y);
      this.grid = null;
      this.answers.clear();
      const known = viewports.get(data.points) ?? viewOf(data.view);
      this.view = known ?? this.whole();
    }
    this.codes = codes.code;
    this.palette = this.paletteText === data.palette.join() ? this.palette : data.palette.map(rgb);
    this.paletteText = data.palette.join();
    // The server's answer to an older selection must not undo a newer one.
    if (data.count >= this.count) {
      this.count = data.count;
      this.outlines = data.outlines;
    }
    this.select(mask?.bits);
    this.words(this.notice);
    this.resize();
    // Most answers of the server change nothing that is drawn, and a million points are not drawn for nothing.
    if (this.drawn?.some((part, i) => part !== this.inputs()[i])) this.request();
    else this.drawOver();
  }

  inputs() {
    return [this.points, this.codes, this.chosen, this.paletteText, getComputedStyle(this.stage).backgroundColor];
  }

  select(bits = held.get(this.data.mask)?.bits) {
    const wanted = `${this.data.points} ${this.data.mask} ${this.outlines}`;
    if (wanted === this.selection) return;
    this.selection = wanted;
    const polygons = outlinesFromText(this.outlines);
    const inside = polygons.length ? membership(this.points.x, this.points.y, polygons) : null;
    if (bits) {
      const chosen = inside ?? new Uint8Array(this.points.x.length).fill(1);
      for (let i = 0; i < chosen.length; i += 1) chosen[i] &= (bits[i >> 3] >> (7 - (i & 7))) & 1;
      this.chosen = chosen;
    } else {
      this.chosen = inside;
    }
  }

  words(text) {
    this.say.textContent = text;
    this.say.hidden = !text;
  }

  showLegend() {
    const { title, entries, scale } = this.data.legend;
    this.legend.replaceChildren();
    if (title) this.legend.append(element("span", "title", title));
    for (const entry of entries) {
      const item = element("span", "entry");
      const spot = element("span", "spot");
      spot.style.background = entry.colour;
      item.append(spot, element("span", "", entry.name), element("span", "n", entry.n.toLocaleString("en")));
      this.legend.append(item);
    }
    if (scale) {
      const ramp = element("span", "ramp");
      ramp.style.background = `linear-gradient(to right, ${scale.colours.join(", ")})`;
      this.legend.append(element("span", "n", scale.low), ramp, element("span", "n", scale.high));
    }
  }

  // --- The viewport: its centre in the map's units and pixels a unit. ---

  size() {
    return { width: this.stage.clientWidth || 1, height: this.stage.clientHeight || 1 };
  }

  whole() {
    const { width, height } = this.size(), { left, right, bottom, top } = this.bounds;
    const zoom = 0.94 * Math.min(width / (right - left), height / (top - bottom));
    return { x: (left + right) / 2, y: (bottom + top) / 2, extent: height / zoom };
  }

  scale() {
    return this.size().height / this.view.extent;
  }

  look(view) {
    const most = 4 * this.whole().extent;
    this.view = { ...view, extent: Math.min(most, Math.max(most / 1e6, view.extent)) };
    viewports.set(this.data.points, this.view);
    this.hover(-1);
    this.request(this.cost > FRAME ? Math.min(COARSEST, Math.ceil(this.cost / FRAME)) : 1);
  }

  fit() {
    if (this.points) this.look(this.whole());
  }

  zoom(factor, at) {
    if (!this.points) return;
    const { width, height } = this.size(), [px, py] = at ?? [width / 2, height / 2];
    const [x, y] = this.unit(px, py), view = this.view;
    const extent = Math.min(4 * this.whole().extent, view.extent / factor), share = extent / view.extent;
    this.look({ x: x + (view.x - x) * share, y: y + (view.y - y) * share, extent });
  }

  shift(right, down) {
    const scale = this.scale();
    this.look({ ...this.view, x: this.view.x - right / scale, y: this.view.y + down / scale });
  }

  unit(px, py) {
    const { width, height } = this.size(), scale = this.scale();
    return [this.view.x + (px - width / 2) / scale, this.view.y - (py - height / 2) / scale];
  }

  pixel(x, y) {
    const { width, height } = this.size(), scale = this.scale();
    return [width / 2 + (x - this.view.x) * scale, height / 2 - (y - this.view.y) * scale];
  }

  // --- Drawing ---

  resize() {
    if (!this.points) return;
    const { width, height } = this.size(), ratio = window.devicePixelRatio || 1;
    const across = Math.round(width * ratio), down = Math.round(height * ratio);
    if (this.canvas.width === across && this.canvas.height === down && this.drawn) return;
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = across;
      canvas.height = down;
    }
    this.draw();
  }

  // Draw coarsely now and finely when the hand rests.
  request(step = 1) {
    clearTimeout(this.settling);
    if (step > 1) this.settling = setTimeout(() => this.request(), REST);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw(step));
  }

  draw(step = 1) {
    if (!this.points || !this.drawing || this.drawing.lost()) return;
    const ratio = window.devicePixelRatio || 1, first = !this.cost, started = performance.now();
    const ground = rgb(getComputedStyle(this.stage).backgroundColor), other = rgb(this.data.faded);
    this.drawing.draw({
      x: this.points.x,
      y: this.points.y,
      codes: this.codes,
      chosen: this.chosen,
      palette: this.palette,
      faded: ground.map((shade, i) => Math.round(0.55 * shade + 0.45 * other[i])),
      view: { x: this.view.x, y: this.view.y, scale: this.scale() * ratio },
      size: this.pointSize() * ratio,
      step,
      wait: step === 1,
    });
    if (step === 1) {
      this.cost = performance.now() - started;
      this.drawn = this.inputs();
    }
    this.drawOver();
    if (step === 1) this.report(first);
  }

  report(first) {
    const { dataset } = this.root;
    dataset.drawn = String(this.points.x.length);
    dataset.by = this.drawing.name;
    dataset.cost = this.cost.toFixed(1);
    dataset.selected = this.chosen ? String(this.chosen.reduce((sum, one) => sum + one, 0)) : "";
    if (first) dataset.at = String(performance.now());
  }

  pointSize() {
    const { width, height } = this.size(), { left, right, bottom, top } = this.bounds, scale = this.scale();
    const share = Math.min(1, (width / scale / (right - left)) * (height / scale / (top - bottom)));
    const seen = Math.max(1, this.points.x.length * share);
    return Math.min(9, Math.max(1.6, 0.9 * Math.sqrt((width * height) / seen)));
  }

  drawOver() {
    const ratio = window.devicePixelRatio || 1, context = this.over.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.over.width, this.over.height);
    const style = getComputedStyle(this.stage);
    const accent = style.getPropertyValue("--st-primary-color").trim() || "#0B6E99";
    context.lineWidth = 2;
    context.strokeStyle = accent;
    for (const polygon of outlinesFromText(this.outlines)) this.trace(context, polygon.map(([x, y]) => this.pixel(x, y)));
    if (this.path) this.trace(context, this.corners());
    const ring = (index, radius) => {
      const [px, py] = this.pixel(this.points.x[index], this.points.y[index]);
      context.beginPath();
      context.arc(px, py, radius, 0, 2 * Math.PI);
      context.strokeStyle = style.color;
      context.lineWidth = 2;
      context.stroke();
    };
    if (this.data.opened >= 0) ring(this.data.opened, 9);
    if (this.hovered >= 0) ring(this.hovered, 6);
    if (this.pointed) {
      const { width, height } = this.size();
      context.beginPath();
      context.moveTo(width / 2 - 8, height / 2);
      context.lineTo(width / 2 + 8, height / 2);
      context.moveTo(width / 2, height / 2 - 8);
      context.lineTo(width / 2, height / 2 + 8);
      context.strokeStyle = style.color;
      context.stroke();
    }
  }

  trace(context, corners) {
    context.beginPath();
    corners.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.globalAlpha = 0.1;
    context.fillStyle = context.strokeStyle;
    context.fill();
    context.globalAlpha = 1;
    context.stroke();
  }

  // --- The hand ---

  place(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left - this.stage.clientLeft, event.clientY - box.top - this.stage.clientTop];
  }

  choose(mode) {
    this.mode = mode;
    for (const [name, button] of Object.entries(this.modes)) button.setAttribute("aria-pressed", String(name === mode));
    this.stage.dataset.mode = mode;
  }

  down(event) {
    if (!this.points) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointed = false;
    this.pointers.set(event.pointerId, this.place(event));
    if (this.pointers.size > 1) {
      this.path = null;
      this.moving = true;
      this.start = null;
    } else {
      this.start = this.place(event);
      this.moving = this.mode === "move" || event.button > 0;
      this.path = this.moving ? null : [this.start];
      this.adding = event.shiftKey;
    }
    this.hover(-1);
  }

  moved(event) {
    if (!this.points) return;
    const now = this.place(event), before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.seek(now);
      return;
    }
    if (this.pointers.size === 2) {
      const other = [...this.pointers.entries()].find(([id]) => id !== event.pointerId)[1];
      const apart = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      this.shift((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      this.zoom(apart(now) / apart(before), middle);
    } else if (this.moving) {
      this.shift(now[0] - before[0], now[1] - before[1]);
    } else if (this.path) {
      const last = this.path[this.path.length - 1];
      if (this.mode === "box") this.path = [this.start, now];
      else if (Math.hypot(now[0] - last[0], now[1] - last[1]) >= 2) this.path.push(now);
      this.drawOver();
    }
    this.pointers.set(event.pointerId, now);
  }

  up(event, cancelled = false) {
    if (!this.pointers.delete(event.pointerId) || !this.start) return;
    const end = this.place(event), still = Math.hypot(end[0] - this.start[0], end[1] - this.start[1]) < 4;
    const path = this.path, short = !path || path.length < 3;
    const corners = path ? this.corners() : [];
    this.path = null;
    this.start = null;
    if (!cancelled && still && short && event.button === 0) {
      const index = this.near(end);
      clearTimeout(this.opening);
      // A second click means something else.
      if (index >= 0) this.opening = setTimeout(() => this.open(index), 230);
    } else if (!cancelled && corners.length > 2) {
      this.send(corners.map(([px, py]) => this.unit(px, py)), this.adding);
    }
    this.drawOver();
  }

  corners() {
    if (this.mode !== "box" || this.path.length < 2) return this.path;
    const [[left, top], [right, bottom]] = this.path;
    return [[left, top], [right, top], [right, bottom], [left, bottom]];
  }

  selectView() {
    if (!this.points) return;
    const { width, height } = this.size();
    this.send([[0, 0], [width, 0], [width, height], [0, height]].map(([px, py]) => this.unit(px, py)));
  }

  // Grey the others at once, then tell the server; its text of the outline replaces this one.
  send(polygon, adding = false) {
    const outline = simplified(polygon, CORNERS).map((corner) => corner.map(shortened).join(",")).join(";");
    this.tell(adding && this.outlines ? `${this.outlines}|${outline}` : outline);
  }

  tell(outlines) {
    this.outlines = outlines;
    this.count += 1;
    this.select();
    this.request();
    this.trigger("lasso", { outlines, count: this.count, view: viewText(this.view) });
  }

  open(index) {
    this.trigger("opened", { index, view: viewText(this.view) });
  }

  key(event) {
    if (!this.points || event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = this.size();
    const acts = {
      ArrowLeft: () => this.shift(width / 8, 0),
      ArrowRight: () => this.shift(-width / 8, 0),
      ArrowUp: () => this.shift(0, height / 8),
      ArrowDown: () => this.shift(0, -height / 8),
      "+": () => this.zoom(1.4),
      "=": () => this.zoom(1.4),
      "-": () => this.zoom(1 / 1.4),
      0: () => this.fit(),
      Enter: () => this.open(this.near([width / 2, height / 2], 60)),
      s: () => this.selectView(),
      l: () => this.choose("lasso"),
      b: () => this.choose("box"),
      m: () => this.choose("move"),
      Escape: () => this.escape(),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    this.pointed = event.key !== "Escape";
    act();
    clearTimeout(this.aiming);
    this.aiming = setTimeout(() => this.pointed && this.seek([width / 2, height / 2], 60), REST);
  }

  escape() {
    if (this.path) {
      this.path = null;
      this.start = null;
      this.drawOver();
    } else if (this.outlines) {
      this.tell("");
    }
  }

  // --- What lies under the pointer ---

  near([px, py], radius = NEAR) {
    this.grid ??= gridOf(this.points.x, this.points.y, this.bounds);
    const [x, y] = this.unit(px, py), { chosen } = this;
    const reach = radius / this.scale();
    const eligible = chosen ? (i) => chosen[i] === 1 : null;
    const close = nearestPoint(this.grid, this.points.x, this.points.y, x, y, reach / 4, eligible);
    return close >= 0 ? close : nearestPoint(this.grid, this.points.x, this.points.y, x, y, reach, eligible);
  }

  seek(place, radius) {
    cancelAnimationFrame(this.seeking);
    this.seeking = requestAnimationFrame(() => this.points && this.hover(this.near(place, radius)));
  }

  hover(index) {
    if (index === this.hovered) return;
    this.hovered = index;
    clearTimeout(this.asking);
    if (index >= 0 && !this.answers.has(index)) {
      this.asking = setTimeout(() => this.trigger("hovered", { index }), REST);
    }
    this.showTip();
    if (this.points) this.drawOver();
  }

  showTip() {
    const index = this.hovered;
    this.tip.hidden = index < 0 || !this.points;
    if (this.tip.hidden) return;
    const about = this.answers.get(index), code = this.codes[index];
    this.tip.replaceChildren();
    if (about?.source) {
      const image = element("img", "");
      image.alt = "";
      image.onload = () => image.classList.toggle("tiny", image.naturalWidth < 72);
      image.src = about.source;
      this.tip.append(image);
    }
    const words = element("div", "");
    words.append(element("b", "", about?.id ?? "…"));
    const value = about?.value ?? this.data.names[code];
    if (value) words.append(element("div", "", value));
    this.tip.append(words);
    const [px, py] = this.pixel(this.points.x[index], this.points.y[index]), { width, height } = this.size();
    this.tip.style.left = `${Math.max(4, Math.min(width - this.tip.offsetWidth - 4, px + 14))}px`;
    const above = py + 14 + this.tip.offsetHeight > height;
    this.tip.style.top = `${Math.max(4, above ? py - 14 - this.tip.offsetHeight : py + 14)}px`;
  }
}

// Six digits, as the server writes them: its answer then changes nothing that has been drawn.
function shortened(value) {
  return String(Number(value.toPrecision(6)));
}

function viewText(view) {
  return [view.x, view.y, view.extent].map((value) => value.toPrecision(5)).join(",");
}

function viewOf(text) {
  const numbers = (text || "").split(",").map(Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite) || numbers[2] <= 0) return null;
  return { x: numbers[0], y: numbers[1], extent: numbers[2] };
}
