// Thumbnails with label, struck wrong prediction and group tag. Text from the data is set as text, never as HTML.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const list = parentElement.querySelector(".gallery");
  list.setAttribute("aria-label", data.description);
  list.replaceChildren(...data.samples.map((sample) => card(sample, data, setTriggerValue)));
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function card(sample, data, setTriggerValue) {
  const item = element("li", "");
  const button = element("button", "card");
  button.type = "button";
  button.setAttribute("aria-pressed", String(sample.id === data.chosen));
  button.title = sample.id;
  button.append(picture(sample), caption(sample));
  button.onclick = () => setTriggerValue("opened", sample.id);
  item.append(button);
  return item;
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
  text.append(element("span", "label", sample.label || sample.id));
  if (sample.wrong) {
    const struck = element("s", "wrong", sample.prediction);
    struck.setAttribute("aria-label", `wrongly predicted ${sample.prediction}`);
    text.append(struck);
  }
  if (sample.tag) text.append(element("span", "tag", sample.tag));
  return text;
}
