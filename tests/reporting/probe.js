// What tests want to know of a report, found in a browser. `probe(window, document)` answers.

function channels(colour) {
  const numbers = colour.match(/[\d.]+/g).map(Number);
  if (colour.startsWith("color(")) {
    for (let place = 0; place < 3; place++) numbers[place] *= 255;
  }
  return [...numbers.slice(0, 3), numbers.length > 3 ? numbers[3] : 1];
}

function luminance([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function over(top, below) {
  return [0, 1, 2].map((place) => top[place] * top[3] + below[place] * (1 - top[3]));
}

// The colour behind an element: its own and its parents' backgrounds, one over another.
function behind(window, element) {
  const layers = [];
  for (let each = element; each; each = each.parentElement) {
    layers.push(channels(window.getComputedStyle(each).backgroundColor));
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
}

function contrast(first, second) {
  const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function probe(window, document) {
  document.querySelectorAll("details").forEach((each) => (each.open = true));
  const texts = [];
  const walker = document.createTreeWalker(document.body, 4 /* text */);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.getClientRects().length || element.closest("style")) continue;
    const style = window.getComputedStyle(element);
    const ink = channels(element.closest("svg") ? style.fill : style.color);
    const paper = behind(window, element);
    texts.push({ text, contrast: contrast(over(ink, paper), paper), size: style.fontSize });
  }
  texts.sort((a, b) => a.contrast - b.contrast);
  const root = document.documentElement;
  return {
    dark: window.matchMedia("(prefers-color-scheme: dark)").matches,
    width: root.clientWidth,
    needed: root.scrollWidth,
    height: root.scrollHeight,
    texts: texts.length,
    faintest: texts[0],
    smallest: Math.min(...texts.map((each) => parseFloat(each.size))),
    pictures: [...document.images].map((each) => each.naturalWidth),
    // What sticks out of a container that does not scroll, and so can't be read.
    cut: [...document.querySelectorAll("th, td, p, li, dd, dt, h1, h2, h3, figcaption")]
      .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth)
      .map((each) => each.textContent.trim().slice(0, 60)),
  };
}
