// The matrix of all audits and models: a click opens a cell inside the app; with a modifier key it is a plain link.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const place = parentElement.querySelector(".overview-frame");
  // Everything in it was escaped where it was made.
  if (place.dataset.shown !== data.html) {
    place.innerHTML = data.html;
    place.dataset.shown = data.html;
  }
  place.onclick = (event) => {
    const link = event.target.closest("a[data-cell]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    setTriggerValue("opened", link.dataset.cell);
  };
}
