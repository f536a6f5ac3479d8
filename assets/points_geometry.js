// Pure geometry of the map of points: arrays in, arrays out.

// The smallest box around all points; a single place gets room around it.
function boundsOf(x, y) {
  let left = Infinity, right = -Infinity, bottom = Infinity, top = -Infinity;
  for (let i = 0; i < x.length; i += 1) {
    if (x[i] < left) left = x[i];
    if (x[i] > right) right = x[i];
    if (y[i] < bottom) bottom = y[i];
    if (y[i] > top) top = y[i];
  }
  if (!(right >= left && top >= bottom)) return { left: -1, right: 1, bottom: -1, top: 1 };
  const room = Math.max(right - left, top - bottom) || 1;
  if (right === left) [left, right] = [left - room / 2, right + room / 2];
  if (top === bottom) [bottom, top] = [bottom - room / 2, top + room / 2];
  return { left, right, bottom, top };
}

// Which points lie inside any of the polygons (even-odd each), as the server decides it too: 1 inside, 0 outside.
function membership(x, y, polygons) {
  const inside = new Uint8Array(x.length);
  for (const polygon of polygons) addInside(inside, x, y, polygon);
  return inside;
}

function addInside(inside, x, y, polygon) {
  const count = polygon.length;
  let left = Infinity, right = -Infinity, bottom = Infinity, top = -Infinity;
  for (const [px, py] of polygon) {
    left = Math.min(left, px);
    right = Math.max(right, px);
    bottom = Math.min(bottom, py);
    top = Math.max(top, py);
  }
  const ax = new Float64Array(polygon.map((corner) => corner[0]));
  const ay = new Float64Array(polygon.map((corner) => corner[1]));
  for (let i = 0; i < x.length; i += 1) {
    const px = x[i], py = y[i];
    if (px < left || px > right || py < bottom || py > top) continue;
    let within = false;
    for (let a = 0; a < count; a += 1) {
      const b = a + 1 === count ? 0 : a + 1;
      if (ay[a] > py !== ay[b] > py && px < ((ax[b] - ax[a]) * (py - ay[a])) / (ay[b] - ay[a]) + ax[a]) within = !within;
    }
    if (within) inside[i] = 1;
  }
}

// Outlines as the link holds them: "x,y;x,y|x,y;...".
function outlinesFromText(text) {
  return (text || "")
    .split("|")
    .filter(Boolean)
    .map((part) => part.split(";").map((corner) => corner.split(",").map(Number)));
}

// Drop the corners that say least, those of the smallest triangle with their neighbours (Visvalingam): all that say
// nothing, then further ones until at most `most` are left.
function simplified(path, most) {
  const kept = path.slice();
  const reach = Math.max(...path.map(([x, y]) => Math.hypot(x - path[0][0], y - path[0][1])));
  for (;;) {
    let smallest = Infinity, at = 0;
    for (let i = 0; i < kept.length; i += 1) {
      const [ax, ay] = kept[(i + kept.length - 1) % kept.length];
      const [bx, by] = kept[i];
      const [cx, cy] = kept[(i + 1) % kept.length];
      const area = Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay));
      if (area < smallest) [smallest, at] = [area, i];
    }
    if (kept.length <= 3 || (kept.length <= most && smallest > 1e-6 * reach * reach)) return kept;
    kept.splice(at, 1);
  }
}

// Points sorted into the cells of a grid, once a set: hovering looks into a few cells only.
function gridOf(x, y, bounds) {
  const side = Math.max(1, Math.min(1024, Math.round(Math.sqrt(x.length / 4))));
  const across = side / (bounds.right - bounds.left);
  const up = side / (bounds.top - bounds.bottom);
  const starts = new Uint32Array(side * side + 1);
  const cells = new Uint32Array(x.length);
  for (let i = 0; i < x.length; i += 1) {
    const column = Math.min(side - 1, Math.max(0, Math.floor((x[i] - bounds.left) * across)));
    const row = Math.min(side - 1, Math.max(0, Math.floor((y[i] - bounds.bottom) * up)));
    cells[i] = row * side + column;
    starts[cells[i] + 1] += 1;
  }
  for (let cell = 0; cell < side * side; cell += 1) starts[cell + 1] += starts[cell];
  const next = starts.slice(0, -1);
  const order = new Uint32Array(x.length);
  for (let i = 0; i < x.length; i += 1) order[next[cells[i]]++] = i;
  return { side, across, up, starts, order, bounds };
}

// The point nearest to a place within a radius, those that `eligible` accepts before all others; -1 where there is none.
function nearestPoint(grid, x, y, px, py, radius, eligible) {
  const clamp = (value) => Math.min(grid.side - 1, Math.max(0, Math.floor(value)));
  const column = (value) => clamp((value - grid.bounds.left) * grid.across);
  const row = (value) => clamp((value - grid.bounds.bottom) * grid.up);
  let best = -1, least = radius * radius, other = -1, leastOther = radius * radius;
  for (let r = row(py - radius); r <= row(py + radius); r += 1) {
    const from = grid.starts[r * grid.side + column(px - radius)];
    const to = grid.starts[r * grid.side + column(px + radius) + 1];
    for (let at = from; at < to; at += 1) {
      const i = grid.order[at];
      const distance = (x[i] - px) ** 2 + (y[i] - py) ** 2;
      if (distance <= least && (!eligible || eligible(i))) [best, least] = [i, distance];
      else if (distance <= leastOther) [other, leastOther] = [i, distance];
    }
  }
  return best >= 0 ? best : other;
}
