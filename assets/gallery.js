// Thumbnails with label, struck wrong prediction and group tag. Text from the data is set as text, never as HTML.
// A click or Enter opens a sample. Arrows move; where samples can be selected, Space selects and T asks for a tag.
const local = new WeakMap();

export default function (component) {
  const { parentElement, data, setTriggerValue, setStateValue } = component;
  const list = parentElement.querySelector(".gallery");
  const before = local.get(list);
  // The server's answer to an older selection must not undo a newer one.
  const selection =
    before && data.count < before.count ? before : { picked: new Set(data.picked), count: data.count };
  local.set(list, selection);
  const focused = list.getRootNode().activeElement?.closest?.(".card")?.dataset.id;
  list.setAttribute("aria-label", data.description);
  list.replaceChildren(...data.samples.map((sample) => card(sample, data, selection)));
  const cards = [...list.querySelectorAll(".card")];
  const current = cards.find((made) => made.dataset.id === focused);
  if (current) current.focus();
  moveStop(cards, current ?? cards[0]);

  const send = () => {
    selection.count += 1;
    setStateValue("picked", { ids: [...selection.picked], count: selection.count });
  };
  const toggle = (made) => {
    const id = made.dataset.id;
    if (!selection.picked.delete(id)) selection.picked.add(id);
    mark(made, selection.picked.has(id));
    send();
  };
  list.onclick = (event) => {
    const made = event.target.closest(".card");
    if (!made) return;
    moveStop(cards, made);
    if (data.selectable && (event.shiftKey || event.ctrlKey || event.metaKey || event.target.closest(".check"))) {
      toggle(made);
    } else {
      setTriggerValue("opened", made.dataset.id);
    }
  };
  list.onkeydown = (event) => {
    const made = event.target.closest(".card");
    if (!made || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = neighbour(cards, cards.indexOf(made), event.key);
    if (next) {
      next.focus();
      moveStop(cards, next);
    } else if (data.selectable && event.key === " ") {
      toggle(made);
    } else if (data.selectable && event.key.toLowerCase() === "t") {
      if (!selection.picked.size) toggle(made);
      setTriggerValue("tagging", selection.count);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}

// One thumbnail is reached with Tab, the others with the arrows.
function moveStop(cards, stop) {
  for (const made of cards) made.tabIndex = made === stop ? 0 : -1;
}

function neighbour(cards, position, key) {
  const first = cards[0].getBoundingClientRect().top;
  const columns = cards.filter((made) => made.getBoundingClientRect().top === first).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (key === "Home") return cards[0];
  if (key === "End") return cards[cards.length - 1];
  if (step === undefined) return null;
  return cards[position + step] ?? cards[position];
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// A long name goes to the next line after a separator where it can, inside a word where it must.
function wrapped(kind, className, text) {
  const made = element(kind, className);
  for (const part of String(text).split(/(?<=[_/])/)) made.append(part, document.createElement("wbr"));
  return made;
}

function card(sample, data, selection) {
  const item = element("li", "");
  const button = element("button", "card");
  button.type = "button";
  button.dataset.id = sample.id;
  button.setAttribute("aria-pressed", String(sample.id === data.chosen));
  button.title = sample.id;
  button.append(picture(sample), caption(sample));
  if (data.selectable) {
    const check = element("span", "check");
    check.title = "Select (Space)";
    check.setAttribute("aria-hidden", "true");
    button.append(check, element("span", "state"));
    mark(button, selection.picked.has(sample.id));
  }
  item.append(button);
  return item;
}

function mark(button, picked) {
  button.classList.toggle("picked", picked);
  button.querySelector(".check").textContent = picked ? "✓" : "";
  button.querySelector(".state").textContent = picked ? "selected" : "";
}

function picture(sample) {
  const frame = element("span", "frame");
  if (!sample.source) {
    frame.classList.add("empty");
    frame.append(element("span", "", sample.problem || "no image"));
    return frame;
  }
  const image = element("img", "");
  image.alt = sample.alternative;
  image.decoding = "async";
  // Tiny images stay crisp instead of turning into a blur.
  image.onload = () => image.classList.toggle("tiny", image.naturalWidth < 72);
  image.src = sample.source;
  frame.append(image);
  return frame;
}

function caption(sample) {
  const text = element("span", "caption");
  if (sample.corrected && sample.label) {
    const old = wrapped("s", "old", sample.label);
    old.setAttribute("aria-label", `old label ${sample.label}`);
    text.append(old);
  }
  text.append(wrapped("span", "label", sample.corrected || sample.label || sample.id));
  if (sample.corrected) text.append(element("span", "said", "label corrected"));
  if (sample.wrong) {
    const struck = wrapped("s", "wrong", sample.prediction);
    struck.setAttribute("aria-label", `wrongly predicted ${sample.prediction}`);
    text.append(struck);
  }
  if (sample.tag) text.append(element("span", "tag", sample.tag));
  for (const mine of sample.marks) text.append(element("span", "tag mark", mine));
  return text;
}
