// Rows of pictures in groups. Text from the data is set as text, never as HTML.

// The picture that was clicked last: what is said of it stands further down the page, where there is such a place.
let opened = "";

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const frame = parentElement.querySelector(".panel");
  const rows = element("div", "rows");
  rows.append(...data.rows.map((row) => rowElement(row, data, setTriggerValue)));
  frame.replaceChildren(rows);
  if (opened && opened === data.chosen) {
    opened = "";
    setTimeout(() => {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      document.querySelector(".st-key-examination")?.scrollIntoView({ behavior: still ? "auto" : "smooth" });
    }, 800);
  }
}

// Rows of no more pictures than this leave room for another one beside them.
const FEW = 3;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function rowElement(row, data, setTriggerValue) {
  const count = row.groups.reduce((sum, group) => sum + group.pictures.length, 0);
  const section = element("section", count <= FEW && data.rows.length > 1 ? "row short" : "row");
  section.setAttribute("aria-label", row.title);
  const heading = element("h4", "title");
  if (row.where) {
    const button = element("button", "lead", row.title);
    button.type = "button";
    button.setAttribute("aria-pressed", String(row.where === data.where));
    button.onclick = () => setTriggerValue("row", row.where);
    heading.append(button);
  } else {
    heading.textContent = row.title;
  }
  section.append(heading);
  if (row.text) section.append(element("p", "text", row.text));
  const groups = element("div", "groups");
  groups.append(...row.groups.map((group) => groupElement(group, data, setTriggerValue)));
  section.append(groups);
  return section;
}

function groupElement(group, data, setTriggerValue) {
  const made = element("div", "group");
  if (group.title) made.append(element("div", "heading", group.title));
  const list = element("ul", "pictures");
  list.append(...group.pictures.map((picture) => pictureElement(picture, data, setTriggerValue)));
  made.append(list);
  return made;
}

function pictureElement(picture, data, setTriggerValue) {
  const item = element("li", "");
  const card = element(picture.id ? "button" : "div", "card");
  if (picture.id) {
    card.type = "button";
    card.title = picture.id;
    card.setAttribute("aria-pressed", String(picture.id === data.chosen));
    card.onclick = () => {
      opened = picture.id;
      setTriggerValue("opened", picture.id);
    };
  }
  const frame = element("span", "frame");
  if (picture.source) {
    const image = element("img", "");
    image.alt = picture.alternative;
    image.decoding = "async";
    // Tiny images stay crisp instead of turning into a blur.
    image.onload = () => image.classList.toggle("tiny", image.naturalWidth < 72);
    image.src = picture.source;
    frame.append(image);
    if (picture.box) frame.append(boxElement(picture.box));
  } else {
    frame.classList.add("empty");
    frame.append(element("span", "", picture.problem || "no image"));
  }
  card.append(frame);
  const under = element("span", "under");
  if (picture.caption) under.append(wrapped(picture.wrong ? "s" : "span", "caption", picture.caption));
  if (picture.tag) under.append(element("span", "tag", picture.tag));
  if (under.childElementCount) card.append(under);
  item.append(card);
  return item;
}

// A long name goes to the next line after a separator where it can, inside a word where it must.
function wrapped(kind, className, text) {
  const made = element(kind, className);
  for (const part of String(text).split(/(?<=[_/])/)) made.append(part, document.createElement("wbr"));
  return made;
}

function boxElement([left, top, right, bottom]) {
  const box = element("span", "box");
  box.style.left = `${100 * left}%`;
  box.style.top = `${100 * top}%`;
  box.style.width = `${100 * (right - left)}%`;
  box.style.height = `${100 * (bottom - top)}%`;
  return box;
}
